//! The sources against real servers, folders and files. One binary with a module for each behaviour.

mod feeds;
mod manifest;
#[allow(dead_code, reason = "each module uses a part of it")]
mod server;
mod web;
