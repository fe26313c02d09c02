//! Code generated from `proto/`: the gRPC contract and the format of the data directory.
#![allow(missing_docs, clippy::pedantic, clippy::all, unreachable_pub)]

pub mod codec;
pub mod limits;

/// The gRPC contract, `proto/mungpy/v1`, with proto3 JSON through serde.
pub mod v1 {
    tonic::include_proto!("mungpy.v1");
    include!(concat!(env!("OUT_DIR"), "/mungpy.v1.serde.rs"));
}

/// The format of the data directory, `proto/mungpy/store/v1`.
pub mod store {
    pub use v1::*;

    mod v1 {
        tonic::include_proto!("mungpy.store.v1");
    }
}

/// Encoded `FileDescriptorSet` of the contract, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
