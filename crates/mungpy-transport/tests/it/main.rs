//! A real server on a port of its own, and callers of every kind.

mod abuse;
mod age;
mod authority;
mod caller;
mod house;
mod idle;
mod parts;
mod raw;
mod server;
mod streams;
mod tls;
mod tokens;
