//! The temperament questionnaire, kept for a while.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use mungpy_proto::v1::{GetQuestionnaireRequest, Questionnaire};
use tokio::time::Instant;

use super::Engines;
use crate::{caller::Caller, problem::Problem};

/// How long it is kept. It changes only with a restart of the engine.
const KEPT: Duration = Duration::from_secs(60);

/// The questionnaire and when it was fetched.
pub(super) type Kept = Mutex<Option<(Instant, Arc<Questionnaire>)>>;

impl Engines {
    /// The temperament questionnaire.
    pub(crate) async fn questionnaire(
        &self,
        caller: &Caller,
    ) -> Result<Arc<Questionnaire>, Problem> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, kept)) = kept.filter(|(fetched, _)| fetched.elapsed() < KEPT) {
            return Ok(kept);
        }
        let fetched = self.newest_questionnaire(caller, GetQuestionnaireRequest {}).await?;
        let fetched = Arc::new(fetched);
        let entry = (Instant::now(), Arc::clone(&fetched));
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        Ok(fetched)
    }
}
