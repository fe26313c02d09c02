//! What keeps the catalogue of a server up: its data directory, the dogs that callers push, the
//! batch, and the client that fetches photos.

use std::{sync::Arc, time::Duration};

use mungpy_source::{
    pushed::{PushLimits, PushedDogs},
    web::{WebClient, WebError, WebOptions},
};

use crate::{
    batch::{BatchControl, DEFAULT_KEPT},
    catalogue::DataDir,
};

/// How long a caller waits for a photo of another server at most.
const FETCH: Duration = Duration::from_secs(10);

/// What keeps the catalogue of a server up.
pub struct Upkeep {
    pub(super) data_dir: DataDir,
    pub(super) model_version: String,
    pub(super) kept: usize,
    pub(super) web: WebClient,
    pub(super) pushed: Arc<PushedDogs>,
    pub(super) batch: Option<BatchControl>,
}

impl Upkeep {
    /// For the catalogue of a data directory, whose dogs these models measure. `web` says how photos
    /// of dogs are fetched; callers wait for them, so each is asked for once and for a short time.
    ///
    /// # Errors
    /// The system grants no thread or no store of certificates.
    pub fn new(
        data_dir: DataDir,
        model_version: String,
        mut web: WebOptions,
    ) -> Result<Self, WebError> {
        (web.attempts, web.timeout) = (1, web.timeout.min(FETCH));
        let pushed = Arc::new(PushedDogs::new(&data_dir.pushed_path(), PushLimits::default()));
        let web = WebClient::new(web)?;
        Ok(Self { data_dir, model_version, kept: DEFAULT_KEPT, web, pushed, batch: None })
    }

    /// Keeps so many earlier catalogues.
    #[must_use]
    pub fn keeping(self, kept: usize) -> Self {
        Self { kept, ..self }
    }

    /// Lets callers control the batch that runs beside the server.
    #[must_use]
    pub fn with_batch(self, batch: BatchControl) -> Self {
        Self { batch: Some(batch), ..self }
    }

    /// Takes no more than this of pushed dogs.
    #[must_use]
    pub fn within(self, limits: PushLimits) -> Self {
        let pushed = PushedDogs::new(&self.data_dir.pushed_path(), limits);
        Self { pushed: Arc::new(pushed), ..self }
    }

    /// Where the catalogue and the history of the batch are.
    pub(in crate::service) fn data_dir(&self) -> DataDir {
        self.data_dir.clone()
    }

    /// The batch, if one runs beside the server.
    pub(in crate::service) fn batch(&self) -> Option<BatchControl> {
        self.batch.clone()
    }
}
