//! Label values that are known when the program is compiled.

use std::fmt::{self, Write as _};

use mungpy_core::reason::Reason;
use prometheus_client::encoding::{EncodeLabelValue, LabelValueEncoder};

/// Defines an enum of label values, each with its text.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The text of the label.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl EncodeLabelValue for $name {
            fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
                encoder.write_str(self.as_str())
            }
        }
    };
}

label! {
    /// A stage of a request.
    Stage {
        /// It waits for a worker.
        Queue "queue",
        /// Bytes become pixels.
        Decode "decode",
        /// The face is found.
        Detect "detect",
        /// The landmarks are found.
        Landmarks "landmarks",
        /// The face is described in numbers, for the usual proportions.
        Describe "describe",
        /// The dogs are searched.
        Search "search",
    }
}

label! {
    /// Status codes of gRPC.
    RpcStatus {
        /// 0: answered.
        Ok "OK",
        /// 1: the caller has gone.
        Cancelled "CANCELLED",
        /// 2: an error without a code.
        Unknown "UNKNOWN",
        /// 3: the request is at fault.
        InvalidArgument "INVALID_ARGUMENT",
        /// 4: the caller allowed too little time.
        DeadlineExceeded "DEADLINE_EXCEEDED",
        /// 5: nothing fits the request.
        NotFound "NOT_FOUND",
        /// 6: it is there already.
        AlreadyExists "ALREADY_EXISTS",
        /// 7: the token lacks a scope.
        PermissionDenied "PERMISSION_DENIED",
        /// 8: the server is at its limit.
        ResourceExhausted "RESOURCE_EXHAUSTED",
        /// 9: the system is not in the state that the call needs.
        FailedPrecondition "FAILED_PRECONDITION",
        /// 10: another call got in the way.
        Aborted "ABORTED",
        /// 11: past the end.
        OutOfRange "OUT_OF_RANGE",
        /// 12: there is no such method.
        Unimplemented "UNIMPLEMENTED",
        /// 13: the server is at fault.
        Internal "INTERNAL",
        /// 14: the server cannot answer now.
        Unavailable "UNAVAILABLE",
        /// 15: data are lost.
        DataLoss "DATA_LOSS",
        /// 16: no valid token.
        Unauthenticated "UNAUTHENTICATED",
    }
}

impl RpcStatus {
    /// The status with this number, e.g. of `tonic::Code as i32`.
    pub fn of_number(number: i32) -> Self {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        Self::ALL.get(index).copied().unwrap_or(Self::Unknown)
    }

    /// Whether OpenTelemetry counts the status as an error of the server.
    pub fn is_servers_error(self) -> bool {
        matches!(
            self,
            Self::Unknown
                | Self::DeadlineExceeded
                | Self::Unimplemented
                | Self::Internal
                | Self::Unavailable
                | Self::DataLoss
        )
    }
}

label! {
    /// What runs the networks.
    Device {
        /// The processor.
        Cpu "cpu",
        /// A GPU, by CUDA.
        Gpu "gpu",
    }
}

label! {
    /// What the batch did with a dog.
    DogOutcome {
        /// Its photos were measured.
        Enrolled "enrolled",
        /// Only what its source says has changed.
        Updated "updated",
        /// Nothing has changed.
        Unchanged "unchanged",
        /// Its source does not list it any more.
        Removed "removed",
        /// It was left out, with a reason.
        Refused "refused",
    }
}

label! {
    /// Methods of HTTP.
    HttpMethod {
        /// Reads.
        Get "GET",
        /// Reads the head only.
        Head "HEAD",
        /// Sends.
        Post "POST",
        /// Replaces.
        Put "PUT",
        /// Changes.
        Patch "PATCH",
        /// Removes.
        Delete "DELETE",
        /// Asks what is allowed.
        Options "OPTIONS",
        /// Any other.
        Other "_OTHER",
    }
}

impl HttpMethod {
    /// The method of a request.
    pub fn of(method: &http::Method) -> Self {
        let same = |known: &&Self| known.as_str() == method.as_str();
        Self::ALL.iter().find(same).copied().unwrap_or(Self::Other)
    }
}

/// A reason as a label: its stable code, or empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ReasonLabel(pub(crate) Option<Reason>);

impl From<Reason> for ReasonLabel {
    fn from(reason: Reason) -> Self {
        Self(Some(reason))
    }
}

impl EncodeLabelValue for ReasonLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> fmt::Result {
        encoder.write_str(self.0.map_or("", Reason::code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_protocol() {
        assert_eq!(RpcStatus::of_number(0), RpcStatus::Ok);
        assert_eq!(RpcStatus::of_number(8), RpcStatus::ResourceExhausted);
        assert_eq!(RpcStatus::of_number(16), RpcStatus::Unauthenticated);
        assert_eq!(RpcStatus::of_number(17), RpcStatus::Unknown);
        assert_eq!(RpcStatus::of_number(-1), RpcStatus::Unknown);
    }

    #[test]
    fn an_unusual_method_is_another() {
        assert_eq!(HttpMethod::of(&http::Method::POST), HttpMethod::Post);
        let brewed = http::Method::from_bytes(b"BREW").unwrap();
        assert_eq!(HttpMethod::of(&brewed), HttpMethod::Other);
    }
}
