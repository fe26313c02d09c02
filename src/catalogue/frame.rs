//! A protobuf message preceded by its CRC-32, the format of store entries and of the published
//! catalogue.

use prost::Message;

const CHECKSUM_LEN: usize = 4;

/// Encodes the checksum, little-endian, followed by the message.
pub(super) fn encode(message: &impl Message) -> Vec<u8> {
    let mut frame = vec![0; CHECKSUM_LEN];
    frame.reserve(message.encoded_len());
    message.encode(&mut frame).expect("a vector grows as needed");
    let checksum = crc32fast::hash(&frame[CHECKSUM_LEN..]);
    frame[..CHECKSUM_LEN].copy_from_slice(&checksum.to_le_bytes());
    frame
}

/// Decodes the message; `None` if the frame is damaged or malformed.
pub(super) fn decode<M: Message + Default>(frame: &[u8]) -> Option<M> {
    M::decode(checked(frame)?).ok()
}

/// The message, still encoded; `None` if the frame is damaged.
pub(super) fn checked(frame: &[u8]) -> Option<&[u8]> {
    let (checksum, message) = frame.split_at_checked(CHECKSUM_LEN)?;
    (crc32fast::hash(message).to_le_bytes() == checksum).then_some(message)
}

#[cfg(test)]
mod tests {
    use mungpy_proto::store::Rejection;

    use super::*;

    #[test]
    fn every_damaged_bit_is_noticed() {
        let message = Rejection { dog_id: "멍피".to_owned(), ..Rejection::default() };
        let frame = encode(&message);
        assert_eq!(decode(&frame), Some(message));
        for bit in 0..8 * frame.len() {
            let mut damaged = frame.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode::<Rejection>(&damaged), None, "bit {bit}");
        }
        assert_eq!(decode::<Rejection>(&frame[..3]), None);
    }
}
