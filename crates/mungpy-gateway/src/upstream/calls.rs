//! The methods of the contract that the gateway uses.

use mungpy_proto::v1::{
    Catalogue, DescribeRequest, DescribeResponse, Dog, DogPhoto, GetCatalogueRequest,
    GetDogPhotoRequest, GetDogRequest, GetQuestionnaireRequest, GetStatusRequest,
    ListAttributeValuesRequest, ListAttributeValuesResponse, ListBatchesRequest,
    ListBatchesResponse, MatchRequest, MatchResponse, Questionnaire, ServerStatus,
    catalogue_service_client::CatalogueServiceClient, match_service_client::MatchServiceClient,
    operations_service_client::OperationsServiceClient,
};

use super::Engines;
use crate::{caller::Caller, problem::Problem};

/// Largest answer of an engine, in bytes: a hundred dogs with details, or a photo.
pub(crate) const MAX_ANSWER: usize = 16 * 1024 * 1024;

macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident: $client:ident.$method:ident($message:ty) -> $answer:ty;)*) => {
        impl Engines {
            $($(#[$doc])*
            pub(crate) async fn $name(
                &self,
                caller: &Caller,
                message: $message,
            ) -> Result<$answer, Problem> {
                self.call(caller, message, |channel, request| async move {
                    $client::new(channel)
                        .max_decoding_message_size(MAX_ANSWER)
                        .$method(request)
                        .await
                })
                .await
            })*
        }
    };
}

calls! {
    /// The dogs most like a person.
    find_dog: MatchServiceClient.r#match(MatchRequest) -> MatchResponse;
    /// The faces of a photo.
    describe: MatchServiceClient.describe(DescribeRequest) -> DescribeResponse;
    /// The catalogue that is searched.
    catalogue: CatalogueServiceClient.get_catalogue(GetCatalogueRequest) -> Catalogue;
    /// The temperament questionnaire, as an engine has it now.
    newest_questionnaire: CatalogueServiceClient.get_questionnaire(GetQuestionnaireRequest) -> Questionnaire;
    /// A dog.
    dog: CatalogueServiceClient.get_dog(GetDogRequest) -> Dog;
    /// The photo of a dog.
    dog_photo: CatalogueServiceClient.get_dog_photo(GetDogPhotoRequest) -> DogPhoto;
    /// The values of an attribute.
    attribute_values: CatalogueServiceClient.list_attribute_values(ListAttributeValuesRequest) -> ListAttributeValuesResponse;
    /// The last batches.
    batches: CatalogueServiceClient.list_batches(ListBatchesRequest) -> ListBatchesResponse;
    /// How an engine does.
    status: OperationsServiceClient.get_status(GetStatusRequest) -> ServerStatus;
}
