//! Generates `docs/ERRORS.md` from the table.

use std::fmt::Write as _;

use super::{Reason, Section};

const INTRODUCTION: &str = "# Error reasons

Every error has a stable reason. Write programs against the reason, never against the message.

- gRPC errors carry `google.rpc.ErrorInfo` with domain `mungpy` and the reason.
- REST errors are problem documents (RFC 9457); the member `reason` holds it.
- The command line prints the reason in brackets.

This page is generated from `crates/mungpy-core/src/reason/table.rs`. To write it anew:
`MUNGPY_BLESS=1 cargo test -p mungpy-core errors_page`.
";

/// The sections, in the order of the page.
const SECTIONS: [(Section, &str, &str); 9] = [
    (Section::Photo, "Photos", "The photo cannot be decoded."),
    (Section::Face, "Faces", "The photo shows no face that can be compared."),
    (Section::Request, "Requests", "The request breaks a rule of the contract."),
    (Section::Access, "Access", "The caller may not do this, or not so often."),
    (Section::Engine, "Engine", "The engine cannot answer, or not now."),
    (Section::Gateway, "Gateway", "The gateway refuses a form, or cannot use the engine."),
    (Section::Models, "Models", "A model file or the GPU cannot be used."),
    (Section::Batch, "Batch", "A dog of the source was left out, or the whole batch failed."),
    (Section::Command, "Command line", "A command failed."),
];

/// The whole page.
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (section, heading, what) in SECTIONS {
        let _ = write!(page, "\n## {heading}\n\n{what}\n\n");
        page.push_str(
            "| reason | gRPC | HTTP | what happened | what to do |\n|---|---|---|---|---|\n",
        );
        for reason in Reason::ALL {
            let entry = reason.entry();
            if entry.section != section {
                continue;
            }
            let grpc = entry.grpc.map_or("–", super::GrpcCode::name);
            let http = entry.http.map_or("–".to_owned(), |status| status.to_string());
            let _ = writeln!(
                page,
                "| `{}` | {grpc} | {http} | {} | {} |",
                entry.code, entry.meaning, entry.remedy
            );
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use std::{env, fs, path::Path};

    use super::*;

    #[test]
    fn errors_page_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ERRORS.md");
        if env::var_os("MUNGPY_BLESS").is_some() {
            fs::write(&path, markdown()).unwrap();
        }
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            markdown(),
            "docs/ERRORS.md is out of date: run MUNGPY_BLESS=1 cargo test -p mungpy-core errors_page"
        );
    }

    #[test]
    fn every_reason_has_a_section_on_the_page() {
        let page = markdown();
        for reason in Reason::ALL {
            assert!(page.contains(&format!("| `{reason}` |")), "{reason} is missing");
        }
    }
}
