//! Messages that no honest client sends: packed, broken, endless, of another kind, or too late.

use std::time::Duration;

use mungpy_proto::v1::DescribeRequest;
use prost::{
    Message,
    bytes::Bytes,
    encoding::{WireType, encode_key, encode_varint},
};
use tokio::{net::TcpStream, time::timeout};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::server::{PERSON, Server, reason, request};
use crate::{common::bytes, photos::bits::Bits};

const MIB: usize = 1024 * 1024;
/// An answer that is not there by then never comes.
const PATIENCE: Duration = Duration::from_secs(60);

const MATCH: &str = "MatchService/Match";
const BATCH: &str = "MatchService/BatchMatch";
const DESCRIBE: &str = "MatchService/Describe";
const DOG: &str = "CatalogueService/GetDog";

const GRPC: (&str, &str) = ("content-type", "application/grpc");

/// A call whose body is being sent, over a connection of its own.
struct Calling {
    answered: h2::client::ResponseFuture,
    body: h2::SendStream<Bytes>,
}

/// What came of a call.
struct Reply {
    http: u16,
    headers: http::HeaderMap,
    /// The status of gRPC, from the head of the answer or from its end.
    status: Option<Status>,
}

impl Calling {
    async fn begin(server: &Server, method: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = http::Request::post(format!("{}/mungpy.v1.{method}", server.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let socket = TcpStream::connect(server.address).await.unwrap();
        let (client, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        let mut client = client.ready().await.unwrap();
        let (answered, body) = client.send_request(request.body(()).unwrap(), false).unwrap();
        Self { answered, body }
    }

    /// Sends a part of the body; a server that has refused the call takes it no more.
    fn send(&mut self, part: Bytes) {
        let _ = self.body.send_data(part, false);
    }

    /// Sends the rest of the body, and takes the answer.
    async fn end(mut self, rest: Bytes) -> Reply {
        let _ = self.body.send_data(rest, true);
        let answer = timeout(PATIENCE, self.answered).await.expect("no answer comes");
        let (head, mut body) = answer.unwrap().into_parts();
        let status = match Status::from_header_map(&head.headers) {
            Some(status) => Some(status),
            None => timeout(PATIENCE, at_end(&mut body)).await.expect("the answer does not end"),
        };
        Reply { http: head.status.as_u16(), headers: head.headers, status }
    }
}

/// The status at the end of an answer.
async fn at_end(body: &mut h2::RecvStream) -> Option<Status> {
    while let Some(Ok(data)) = body.data().await {
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    Status::from_header_map(&body.trailers().await.ok().flatten()?)
}

async fn call(server: &Server, method: &str, headers: &[(&str, &str)], body: Bytes) -> Reply {
    Calling::begin(server, method, headers).await.end(body).await
}

/// A message with what goes before it: whether it is packed, and its length.
fn framed(flag: u8, message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag][..], &length, message].concat().into()
}

/// A message with one field, which holds these bytes.
fn field(tag: u32, content: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(content.len() + 16);
    encode_key(tag, WireType::LengthDelimited, &mut message);
    encode_varint(content.len() as u64, &mut message);
    message.extend_from_slice(content);
    message
}

async fn is_unharmed(server: &Server) {
    let answer = server.client().await.r#match(request()).await;
    assert!(answer.is_ok(), "{answer:?}");
}

/// Four megabytes that gzip unpacks to 645 MB of zeros.
fn bomb() -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, with fixed codes, and in it one zero.
    bits.put(1, 1).put(1, 2).put_code(0b0011_0000, 8);
    for _ in 0..2_500_000 {
        // A copy of what lies one byte back, 258 bytes long.
        bits.put_code(0b1100_0101, 8).put_code(0, 5);
    }
    // The end of the block.
    bits.put_code(0, 7);
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    [&head[..], &bits.finish(), &[0; 8]].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_message_is_refused_and_never_unpacked() {
    let server = Server::start(&[]).await;
    is_unharmed(&server).await;
    let (bomb, before) = (framed(1, &bomb()), server.peak_memory());
    for method in [MATCH, BATCH] {
        let gzip = [GRPC, ("grpc-encoding", "gzip")];
        let reply = call(&server, method, &gzip, bomb.clone()).await;
        let status = reply.status.unwrap();
        assert_eq!(status.code(), Code::Unimplemented, "{method}: {status:?}");
        assert!(status.get_error_details().error_info().is_some(), "{method}: {status:?}");
        assert_eq!(reply.headers["grpc-accept-encoding"], "identity");
        // It does not say how it is packed.
        let reply = call(&server, method, &[GRPC], bomb.clone()).await;
        assert_eq!(reason(&reply.status.unwrap()), "REQUEST_MALFORMED");
    }
    let memory = server.peak_memory() - before;
    println!("four times 4 MB that unpack to 645 MB: {memory} MiB");
    assert!(memory < 100, "{memory} MiB");
    is_unharmed(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_not_utf8_is_refused_by_every_method() {
    let server = Server::start(&[]).await;
    for (method, tag) in [(MATCH, 2), (DESCRIBE, 2), (BATCH, 1), (DOG, 1)] {
        let message = framed(0, &field(tag, b"\xff\xfe\x80"));
        let status = call(&server, method, &[GRPC], message).await.status.unwrap();
        let code = status.code();
        assert!(matches!(code, Code::InvalidArgument | Code::Internal), "{method}: {status:?}");
        assert_eq!(reason(&status), "REQUEST_MALFORMED", "{method}");
    }
    is_unharmed(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_are_refused_and_others_are_served_meanwhile() {
    let server = Server::start(&[]).await;
    is_unharmed(&server).await;
    let before = server.peak_memory();
    for method in [MATCH, DOG] {
        let mut calling = Calling::begin(&server, method, &[GRPC]).await;
        let length = (100 * MIB as u32).to_be_bytes();
        calling.send([&[0_u8][..], &length].concat().into());
        calling.send(vec![0_u8; 40 * MIB].into());
        is_unharmed(&server).await;
        let reply = calling.end(vec![0_u8; 60 * MIB].into()).await;
        let status = reply.status.unwrap();
        assert_eq!(reason(&status), "REQUEST_TOO_LARGE", "{method}");
        assert_eq!(status.code(), Code::InvalidArgument, "{method}");
    }
    let memory = server.peak_memory() - before;
    println!("twice 100 MiB: {memory} MiB");
    assert!(memory < 150, "{memory} MiB");
    is_unharmed(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_grpc_is_refused_in_the_words_of_http() {
    let server = Server::start(&[]).await;
    let message = framed(0, &request().encode_to_vec());
    for kind in ["text/plain", "application/json"] {
        for method in [MATCH, BATCH, DOG] {
            let reply = call(&server, method, &[("content-type", kind)], message.clone()).await;
            assert_eq!(reply.http, 415, "{method} with {kind}");
        }
    }
    for kind in ["application/grpc", "application/grpc+proto"] {
        let reply = call(&server, MATCH, &[("content-type", kind)], message.clone()).await;
        let code = reply.status.map(|status| status.code());
        assert_eq!((reply.http, code), (200, Some(Code::Ok)), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_has_passed_before_the_work_is_told_as_such() {
    let server = Server::start(&[]).await;
    let describe = DescribeRequest { photo: bytes(PERSON).into(), ..DescribeRequest::default() };
    let calls = [(MATCH, request().encode_to_vec()), (DESCRIBE, describe.encode_to_vec())];
    for (method, message) in calls {
        // Whether the body or the deadline comes first differs from call to call.
        for _ in 0..20 {
            let headers = [GRPC, ("grpc-timeout", "1n")];
            let reply = call(&server, method, &headers, framed(0, &message)).await;
            let status = reply.status.unwrap();
            let told = (status.code(), reason(&status));
            assert_eq!(told, (Code::DeadlineExceeded, "DEADLINE_PASSED".to_owned()), "{method}");
        }
    }
    is_unharmed(&server).await;
}

/// A field of two bytes becomes up to 56 bytes of memory, wherever in the message it is.
#[tokio::test(flavor = "multi_thread")]
async fn millions_of_empty_fields_within_a_field_take_no_more_memory_than_their_bytes() {
    let server = Server::start(&[]).await;
    let before = server.peak_memory();
    // Values of an attribute filter; answers of an item.
    for (method, tag, key) in [(MATCH, 11, 0x12_u8), (BATCH, 2, 0x1a)] {
        let message = field(tag, &[key, 0].repeat(20_000_000));
        let reply = call(&server, method, &[GRPC], framed(0, &message)).await;
        let memory = server.peak_memory() - before;
        println!("{method}: 40 MB of empty fields within a field: {memory} MiB");
        assert!(memory < 150, "{method}: {memory} MiB");
        assert_eq!(reason(&reply.status.unwrap()), "REQUEST_TOO_LARGE", "{method}");
    }
    is_unharmed(&server).await;
}

/// A decoder that trusts the length of an inner field reads on beyond the field around it.
#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_claims_more_than_it_lies_within_takes_no_memory() {
    let server = Server::start(&[]).await;
    let before = server.peak_memory();
    // An item, in it a request of one byte: a filter that has the rest of the message, it says.
    let within = [&[0xf2, 0xff, 0xff, 0x07, 1, 0][..], &[0x12, 0].repeat(8_000_000)].concat();
    let message = [&[0x12, 1, 0x5a, 0xfa, 0xff, 0xff, 0x07][..], &within].concat();
    let status = call(&server, BATCH, &[GRPC], framed(0, &message)).await.status.unwrap();
    let memory = server.peak_memory() - before;
    println!("16 MB of empty fields beyond the field around them: {memory} MiB");
    assert!(memory < 100, "{memory} MiB");
    assert_eq!(reason(&status), "REQUEST_MALFORMED");
    is_unharmed(&server).await;
}
