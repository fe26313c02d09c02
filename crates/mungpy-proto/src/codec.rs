//! The codec of the contract: protobuf, with a limit on the number of fields.
//!
//! A field of two bytes becomes a value of up to 56 bytes in memory. Without a limit a request of
//! 51 MiB could therefore take more than a gigabyte.

use std::{fmt::Display, marker::PhantomData};

use prost::{
    Message, Name,
    bytes::Buf,
    encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field},
};
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder},
};
use tonic_prost::ProstCodec;

use crate::limits::MAX_FIELDS;

// For each message that a request is or may hold, by name: the numbers of the fields that hold
// messages, and the places of these messages in this table.
include!(concat!(env!("OUT_DIR"), "/nesting.rs"));

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
    U: Message + Name + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as Codec>::Encoder;
    type Decoder = BoundedDecoder<U, <ProstCodec<T, U> as Codec>::Decoder>;

    fn encoder(&mut self) -> Self::Encoder {
        self.0.encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        BoundedDecoder(self.0.decoder(), PhantomData)
    }
}

/// Counts the fields of a message before it decodes it: of a request also those within its fields, of
/// an answer only its own.
#[derive(Debug)]
pub struct BoundedDecoder<U, D>(D, PhantomData<fn() -> U>);

impl<U: Name, D: Decoder<Error = Status>> Decoder for BoundedDecoder<U, D> {
    type Item = D::Item;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<D::Item>, Status> {
        check(&U::full_name(), buffer.chunk())?;
        self.0.decode(buffer)
    }

    fn buffer_settings(&self) -> tonic::codec::BufferSettings {
        self.0.buffer_settings()
    }
}

/// Checks the number of fields of a message of this name. What is malformed is refused as well: the
/// decoder reads on beyond a field that claims more bytes than it lies within, and only then refuses.
fn check(name: &str, message: &[u8]) -> Result<(), Status> {
    let place = NESTING.binary_search_by_key(&name, |(name, _)| name).ok();
    let mut fields = 0;
    count(place, message, &mut fields)
}

/// Adds the fields of a message that stands at this place of [`NESTING`].
fn count(place: Option<usize>, mut message: &[u8], fields: &mut usize) -> Result<(), Status> {
    let holding = place.map_or(&[][..], |place| NESTING[place].1);
    while !message.is_empty() {
        let (tag, wire_type) = decode_key(&mut message).map_err(malformed)?;
        *fields += 1;
        if *fields > MAX_FIELDS {
            return Err(Status::out_of_range(format!(
                "the message has more fields than the limit of {MAX_FIELDS}; send fewer"
            )));
        }
        let held = holding.iter().find(|(number, _)| *number == tag);
        match held {
            Some((_, held)) if wire_type == WireType::LengthDelimited => {
                let length = decode_varint(&mut message).map_err(malformed)?;
                let length = usize::try_from(length).map_err(malformed)?;
                let split = message.split_at_checked(length);
                let (within, rest) =
                    split.ok_or_else(|| malformed("a field is longer than its message"))?;
                count(Some(*held), within, fields)?;
                message = rest;
            }
            _ => {
                let context = DecodeContext::default();
                skip_field(wire_type, tag, &mut message, context).map_err(malformed)?;
            }
        }
    }
    Ok(())
}

fn malformed(what: impl Display) -> Status {
    Status::invalid_argument(format!("the message cannot be decoded: {what}"))
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::v1::{
        AttributeFilter, BatchMatchRequest, ListDogsResponse, MatchRequest, UpsertDogsRequest,
    };

    fn is_read<M: Name>(message: &M) -> bool {
        check(&M::full_name(), &message.encode_to_vec()).is_ok()
    }

    #[test]
    fn a_message_of_many_small_fields_is_refused_before_it_is_decoded() {
        let ids = |count| MatchRequest {
            excluded_dog_ids: vec![String::new(); count],
            ..MatchRequest::default()
        };
        assert!(is_read(&ids(MAX_FIELDS)) && !is_read(&ids(MAX_FIELDS + 1)));
        let item =
            |count| BatchMatchRequest { request: Some(ids(count)), ..BatchMatchRequest::default() };
        assert!(is_read(&item(MAX_FIELDS - 1)) && !is_read(&item(MAX_FIELDS)));
    }

    #[test]
    fn a_field_that_claims_more_than_it_lies_within_is_refused_unread() {
        // An item with a request of one byte, which says that many bytes of a filter follow. They lie
        // outside of it, so they would not be counted.
        let within = [&[0xf2, 0xff, 0xff, 0x07, 1, 0][..], &[0x12, 0].repeat(MAX_FIELDS)].concat();
        let message = [&[0x12, 1, 0x5a, 0xfa, 0xff, 0xff, 0x07][..], &within].concat();
        for malformed in [&message[..], &[0xff; 20], &[0x12, 5, 0]] {
            let refused = check(&BatchMatchRequest::full_name(), malformed).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        }
    }

    #[test]
    fn fields_within_fields_count_in_requests_only() {
        let values = vec![String::new(); MAX_FIELDS];
        let filter = AttributeFilter { values, ..AttributeFilter::default() };
        let request = MatchRequest { attributes: vec![filter], ..MatchRequest::default() };
        assert!(!is_read(&request));
        let traits = (0..MAX_FIELDS / 3).map(|n| (n.to_string(), "x".to_owned())).collect();
        let dog = UpsertDogsRequest { traits, ..UpsertDogsRequest::default() };
        assert!(is_read(&dog));
        let more = (0..MAX_FIELDS).map(|n| (n.to_string(), "x".to_owned())).collect();
        assert!(!is_read(&UpsertDogsRequest { traits: more, ..dog.clone() }));
        let traits = dog.traits;
        let dog = crate::v1::Dog { traits, ..crate::v1::Dog::default() };
        let page = ListDogsResponse { dogs: vec![dog; 100], ..ListDogsResponse::default() };
        assert!(is_read(&page), "an answer comes from a server that is trusted");
    }
}
