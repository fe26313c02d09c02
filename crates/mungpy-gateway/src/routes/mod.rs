//! The paths of the gateway, a file for each family.

pub(crate) mod batch;
pub(crate) mod compat;
pub(crate) mod describe;
pub(crate) mod docs;
pub(crate) mod dogs;
pub(crate) mod health;
pub(crate) mod ops;
pub(crate) mod page;
pub(crate) mod similar_dog;
pub(crate) mod temperament;
