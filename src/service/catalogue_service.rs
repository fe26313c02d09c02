//! `mungpy.v1.CatalogueService`.

use std::sync::Arc;

use chrono::SecondsFormat;
use mungpy_core::reason::Reason;
use mungpy_core::temperament;
use mungpy_proto::v1::{
    Axis, Catalogue, GetCatalogueRequest, GetQuestionnaireRequest, Questionnaire, Side,
    catalogue_service_server::CatalogueService,
};
use tonic::{Request, Response, Status};

use super::{LiveCatalogue, status::status};

/// Describes what the server searches.
pub(super) struct CatalogueHandler {
    pub(super) catalogue: Arc<LiveCatalogue>,
    pub(super) questionnaire: temperament::Questionnaire,
}

#[tonic::async_trait]
impl CatalogueService for CatalogueHandler {
    async fn get_catalogue(
        &self,
        _: Request<GetCatalogueRequest>,
    ) -> Result<Response<Catalogue>, Status> {
        let snapshot = self
            .catalogue
            .current()
            .ok_or_else(|| status(Reason::CatalogueNotPublished, "no catalogue is loaded yet"))?;
        Ok(Response::new(Catalogue {
            version: snapshot.version,
            published_at: snapshot.published_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            dogs: snapshot.index.len() as u64,
            model_version: snapshot.model_version.clone(),
        }))
    }

    async fn get_questionnaire(
        &self,
        _: Request<GetQuestionnaireRequest>,
    ) -> Result<Response<Questionnaire>, Status> {
        let side =
            |side: &temperament::Side| Side { key: side.key.clone(), korean: side.korean.clone() };
        let axes = self.questionnaire.axes().iter();
        let axes = axes.map(|axis| Axis {
            key: axis.key.clone(),
            sides: axis.sides.iter().map(side).collect(),
        });
        Ok(Response::new(Questionnaire { axes: axes.collect() }))
    }
}
