//! Keys and passwords that must never be shown.

use std::{borrow::Cow, fmt};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A key or password of a service. `Debug` hides it, and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// The secret without the space around it, which files and shells add.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The secret of a text that may be percent-encoded. Only for secrets that never hold `%`
    /// themselves, as keys in base64 do not.
    pub(crate) fn decoded(text: &str) -> Self {
        Self::new(&percent_decode_str(text.trim()).decode_utf8_lossy())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The text with every occurrence masked, encoded ones too, as some services repeat what they
    /// were asked.
    pub(crate) fn masked_in(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        let mut masked = Cow::Borrowed(text);
        for form in self.forms() {
            if masked.contains(&form) {
                masked = Cow::Owned(masked.replace(&form, "***"));
            }
        }
        masked.into_owned()
    }

    /// How the secret may be written: plainly, in addresses, and in JSON.
    fn forms(&self) -> [String; 7] {
        let strict = utf8_percent_encode(&self.0, NON_ALPHANUMERIC).to_string();
        let form: String = url::form_urlencoded::byte_serialize(self.0.as_bytes()).collect();
        let json = serde_json::Value::from(self.0.as_str()).to_string();
        let json = json[1..json.len() - 1].to_owned();
        let (small_strict, small_form) = (with_small_digits(&strict), with_small_digits(&form));
        let slashed = json.replace('/', "\\/");
        [self.0.clone(), strict, form, small_strict, small_form, json, slashed]
    }
}

/// A percent-encoded text with hexadecimal digits in lower case.
fn with_small_digits(encoded: &str) -> String {
    let mut digits = 0;
    let small = encoded.chars().map(|c| {
        let is_digit = digits > 0;
        digits = if c == '%' { 2 } else { digits - i32::from(is_digit) };
        if is_digit { c.to_ascii_lowercase() } else { c }
    });
    small.collect()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_and_a_decoded_key_are_the_same() {
        let decoded = Secret::decoded("ab+c/d==\n");
        assert_eq!(decoded, Secret::decoded("ab%2Bc%2Fd%3D%3D"));
        assert_eq!(decoded.expose(), "ab+c/d==");
    }

    #[test]
    fn no_form_of_a_secret_stays_in_a_text() {
        let secret = Secret::new("Ab+c/D==");
        let text = r"Ab+c/D== or Ab%2Bc%2FD%3D%3D or Ab%2bc%2fD%3d%3d or Ab+c\/D== is unknown";
        assert_eq!(secret.masked_in(text), "*** or *** or *** or *** is unknown");
        assert_eq!(format!("{secret:?}"), "Secret(***)");
    }
}
