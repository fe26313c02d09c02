//! What a failed call says: about the engine, the request or the connection.

use std::{error::Error, io};

use mungpy_core::reason::Reason;
use tonic::{Code, ConnectError, Status};
use tonic_types::StatusExt;

/// Whether the engine has certainly not begun with the request: it could not be connected to, or it
/// says itself that it takes none.
pub(super) fn is_untouched(status: &Status) -> bool {
    if let Some(info) = status.get_details_error_info() {
        let stands_still = [Reason::Stopping, Reason::CatalogueNotPublished];
        return stands_still.iter().any(|reason| reason.code() == info.reason);
    }
    status.code() == Code::Unavailable && causes(status).any(<dyn Error>::is::<ConnectError>)
}

/// Whether one side closed the connection for a reason that has nothing to do with this request: its
/// age, a drain, or too many calls whose callers had left. All calls of a gateway share it.
pub(super) fn was_closed(status: &Status) -> bool {
    causes(status).any(|cause| {
        let is_unsent = cause.downcast_ref().is_some_and(hyper::Error::is_canceled);
        is_unsent || cause.downcast_ref().is_some_and(is_farewell)
    })
}

/// Whether one side ends a connection on which all went by the rules of HTTP/2.
fn is_farewell(error: &h2::Error) -> bool {
    let harmless = [h2::Reason::NO_ERROR, h2::Reason::ENHANCE_YOUR_CALM];
    error.is_go_away() && error.reason().is_some_and(|reason| harmless.contains(&reason))
}

/// Whether the connection ended under the request, in whatever way.
pub(crate) fn is_cut_off(status: &Status) -> bool {
    was_closed(status) || causes(status).any(is_of_network)
}

fn is_of_network(cause: &(dyn Error + 'static)) -> bool {
    cause.is::<io::Error>()
        || cause.downcast_ref().is_some_and(h2::Error::is_io)
        || cause.downcast_ref().is_some_and(hyper::Error::is_closed)
}

/// Whether a failure says something about the engine rather than about the request.
pub(super) fn is_own_fault(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::Internal | Code::Unknown | Code::DataLoss => true,
        // Tonic's word for a timeout. It is the gateway's own, as the caller's is none here.
        Code::Cancelled => status.get_details_error_info().is_none(),
        _ => false,
    }
}

/// The errors below a status, the nearest first.
fn causes(status: &Status) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(status.source(), |&cause| cause.source())
}
