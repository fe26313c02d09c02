//! The codec of the contract: protobuf, with a limit on the number of fields.
//!
//! A field of two bytes becomes a value of up to 56 bytes in memory. Without a limit a request of
//! 51 MiB could therefore take more than a gigabyte.

use prost::{
    Message,
    bytes::Buf,
    encoding::{DecodeContext, decode_key, skip_field},
};
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder},
};
use tonic_prost::ProstCodec;

use crate::limits::MAX_FIELDS;

/// Protobuf messages with a limit on the number of fields.
#[derive(Debug, Clone)]
pub struct BoundedCodec<T, U>(ProstCodec<T, U>);

impl<T, U> Default for BoundedCodec<T, U> {
    fn default() -> Self {
        Self(ProstCodec::default())
    }
}

impl<T, U> Codec for BoundedCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as Codec>::Encoder;
    type Decoder = BoundedDecoder<<ProstCodec<T, U> as Codec>::Decoder>;

    fn encoder(&mut self) -> Self::Encoder {
        self.0.encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(self.0.decoder())
    }
}

/// Counts the fields of a message before it decodes it.
#[derive(Debug)]
pub struct BoundedDecoder<D>(D);

impl<D: Decoder<Error = Status>> Decoder for BoundedDecoder<D> {
    type Item = D::Item;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<D::Item>, Status> {
        check(buffer.chunk())?;
        self.0.decode(buffer)
    }

    fn buffer_settings(&self) -> tonic::codec::BufferSettings {
        self.0.buffer_settings()
    }
}

/// Checks the number of fields. What is malformed is left for the decoder to refuse.
fn check(mut message: &[u8]) -> Result<(), Status> {
    let mut fields = 0;
    while let Ok((tag, wire_type)) = decode_key(&mut message) {
        fields += 1;
        if fields > MAX_FIELDS {
            return Err(Status::out_of_range(format!(
                "the message has more fields than the limit of {MAX_FIELDS}; send fewer"
            )));
        }
        if skip_field(wire_type, tag, &mut message, DecodeContext::default()).is_err() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::MatchRequest;

    #[test]
    fn a_message_of_many_small_fields_is_refused_before_it_is_decoded() {
        let ids = |count| {
            let excluded_dog_ids = vec![String::new(); count];
            MatchRequest { excluded_dog_ids, ..MatchRequest::default() }.encode_to_vec()
        };
        assert!(check(&ids(MAX_FIELDS)).is_ok());
        assert!(check(&ids(MAX_FIELDS + 1)).is_err());
        assert!(check(&[0xff; 20]).is_ok(), "the decoder refuses it");
    }
}
