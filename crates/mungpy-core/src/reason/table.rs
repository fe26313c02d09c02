//! The table of reasons.

use super::{Entry, GrpcCode, Section};

/// The answer of service and gateway: gRPC code and HTTP status.
macro_rules! answer {
    (()) => {
        (None, None)
    };
    ((- $http:literal)) => {
        (None, Some($http))
    };
    (($grpc:ident $http:literal)) => {
        (Some(GrpcCode::$grpc), Some($http))
    };
}

/// Defines [`Reason`] with one variant per row: name, code, section, answer (gRPC and HTTP), what
/// happened, what to do.
macro_rules! reasons {
    ($($name:ident $code:literal $section:ident $answer:tt $meaning:literal, $remedy:literal;)*) => {
        /// Why something was refused or failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $(#[doc = concat!("`", $code, "`: ", $meaning, ".")] $name,)*
        }

        impl Reason {
            /// Every reason, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The reason's row of the table.
            pub fn entry(self) -> Entry {
                let (code, section, (grpc, http), meaning, remedy) = match self {
                    $(Self::$name => {
                        ($code, Section::$section, answer!($answer), $meaning, $remedy)
                    })*
                };
                Entry { code, section, grpc, http, meaning, remedy }
            }
        }
    };
}

reasons! {
    PhotoEmpty "PHOTO_EMPTY" Photo (InvalidArgument 422)
        "the photo has no bytes", "send the bytes of a JPEG, PNG or WebP file";
    PhotoTooManyBytes "PHOTO_TOO_MANY_BYTES" Photo (InvalidArgument 413)
        "the photo exceeds 10 MiB", "send a smaller file";
    PhotoFormatUnsupported "PHOTO_FORMAT_UNSUPPORTED" Photo (InvalidArgument 422)
        "the format is not read", "send JPEG, PNG or WebP";
    PhotoAnimated "PHOTO_ANIMATED" Photo (InvalidArgument 422)
        "the file is an animation", "send a still picture";
    PhotoTruncated "PHOTO_TRUNCATED" Photo (InvalidArgument 422)
        "the file ends before the picture does", "send the whole file";
    PhotoTooSmall "PHOTO_TOO_SMALL" Photo (InvalidArgument 422)
        "a side is shorter than 16 px", "send a larger photo";
    PhotoTooManyPixels "PHOTO_TOO_MANY_PIXELS" Photo (InvalidArgument 422)
        "the photo exceeds 50 megapixels", "send a smaller photo";
    PhotoCorrupt "PHOTO_CORRUPT" Photo (InvalidArgument 422)
        "the content cannot be decoded", "save the photo again and try again";
    PhotoTooComplex "PHOTO_TOO_COMPLEX" Photo (InvalidArgument 422)
        "the file takes more work or memory to decode than any photo needs", "save the photo again as a plain JPEG";

    NoFace "NO_FACE" Face (InvalidArgument 422)
        "no face was found", "send a photo that shows the face from the front, upright and well lit";
    FaceTooSmall "FACE_TOO_SMALL" Face (InvalidArgument 422)
        "the eyes are too few pixels apart", "come closer";
    FaceTurnedAway "FACE_TURNED_AWAY" Face (InvalidArgument 422)
        "the face is turned too far to the side", "look into the camera";
    FaceTooBlurred "FACE_TOO_BLURRED" Face (InvalidArgument 422)
        "the face shows too little detail", "hold still or wipe the lens";
    LandmarksUnreliable "LANDMARKS_UNRELIABLE" Face (InvalidArgument 422)
        "the landmarks disagree between looks", "uncover the face";
    LandmarksDegenerate "LANDMARKS_DEGENERATE" Face (InvalidArgument 422)
        "the landmarks span no face", "send another photo";

    SeveralFaces "SEVERAL_FACES" Face (InvalidArgument 422)
        "the photo shows several faces, and the request takes only one", "choose a face, or send a photo of one person";

    NoPhoto "NO_PHOTO" Request (InvalidArgument 422)
        "the request holds no photo", "send one to five photos";
    TooManyPhotos "TOO_MANY_PHOTOS" Request (InvalidArgument 422)
        "the request holds more than five photos", "send fewer";
    TopTooLarge "TOP_TOO_LARGE" Request (InvalidArgument 422)
        "`top` exceeds 100", "ask for fewer dogs";
    ImageIdTooLong "IMAGE_ID_TOO_LONG" Request (InvalidArgument 422)
        "`image_id` exceeds 1024 bytes", "send a shorter id";
    TooManyAnswers "TOO_MANY_ANSWERS" Request (InvalidArgument 422)
        "the request holds more than 256 answers", "answer each axis once";
    TooManyExclusions "TOO_MANY_EXCLUSIONS" Request (InvalidArgument 422)
        "the request excludes more than 10000 dogs", "exclude fewer dogs";
    DogIdTooLong "DOG_ID_TOO_LONG" Request (InvalidArgument 422)
        "the id of an excluded dog exceeds 1024 bytes", "send ids as the answers name them";
    LanguageTooLong "LANGUAGE_TOO_LONG" Request (InvalidArgument 422)
        "`language` exceeds 64 bytes", "send a language tag, e.g. `ko-KR`";
    LandmarksInvalid "LANDMARKS_INVALID" Request (InvalidArgument 422)
        "the landmarks are not 16 or 68 points within the photo, or are sent beside photos", "send one of both, as `FaceLandmarks` says";
    FaceChoiceInvalid "FACE_CHOICE_INVALID" Request (InvalidArgument 422)
        "the face is chosen by points, but there is not one for each photo", "send one point for each photo";
    FilterInvalid "FILTER_INVALID" Request (InvalidArgument 422)
        "a filter has no value, a value that is too long, or there are too many", "send what `AttributeFilter` allows";
    PageInvalid "PAGE_INVALID" Request (InvalidArgument 422)
        "the token of the page is not understood", "send the token of the page before, unchanged";
    SizeInvalid "SIZE_INVALID" Request (InvalidArgument 422)
        "the size of a picture is not 64 to 2048 px", "ask for another size";
    PushInvalid "PUSH_INVALID" Request (InvalidArgument 422)
        "the pushed dog breaks a rule of the contract", "mend what the message names";
    RequestTooLarge "REQUEST_TOO_LARGE" Request (InvalidArgument 413)
        "the request exceeds 51 MiB or goes far beyond its limits", "send fewer and smaller photos";
    RequestMalformed "REQUEST_MALFORMED" Request (InvalidArgument 400)
        "the request is no message of the contract", "use a client that is made from `proto/`";
    EncodingUnknown "ENCODING_UNKNOWN" Request (Unimplemented 415)
        "the message is compressed in a way that the server does not read", "send it without compression";
    MethodUnknown "METHOD_UNKNOWN" Request (Unimplemented 404)
        "the service has no such method", "use a method that `proto/` defines";
    RequestTooSlow "REQUEST_TOO_SLOW" Request (DeadlineExceeded 408)
        "the request did not arrive in time", "send it faster";
    RequestBroken "REQUEST_BROKEN" Request (Cancelled 400)
        "the request ended early", "try again";
    DeadlinePassed "DEADLINE_PASSED" Request (DeadlineExceeded 504)
        "the caller's deadline passed before the answer was there", "allow more time";
    UnknownAxis "UNKNOWN_AXIS" Request (InvalidArgument 422)
        "the questionnaire has no such axis", "use an axis that `GetQuestionnaire` lists";
    UnknownSide "UNKNOWN_SIDE" Request (InvalidArgument 422)
        "the axis has no such side", "use a side that `GetQuestionnaire` lists";
    AnsweredTwice "ANSWERED_TWICE" Request (InvalidArgument 422)
        "an axis is answered twice", "answer each axis once";
    DogUnknown "DOG_UNKNOWN" Request (NotFound 404)
        "the catalogue holds no dog of this id", "check the id with `mungpy catalogue list` or `ListDogs`";
    NoCandidate "NO_CANDIDATE" Request (NotFound 404)
        "no dog fits the answers, filters and exclusions", "drop one of them, or ask with `NO_CANDIDATE_RELAX`";

    TokenMissing "TOKEN_MISSING" Access (Unauthenticated 401)
        "the call needs a token", "send `authorization: Bearer` with a token";
    TokenRefused "TOKEN_REFUSED" Access (Unauthenticated 401)
        "the server does not know the token", "send a token that the server was given";
    ScopeMissing "SCOPE_MISSING" Access (PermissionDenied 403)
        "the token does not have the scope of the method", "use a token with the scope that the message names";
    WritesOff "WRITES_OFF" Access (PermissionDenied 403)
        "methods that change something are off, because the server has no tokens", "start the server with `--tokens`";
    RateLimited "RATE_LIMITED" Access (ResourceExhausted 429)
        "the caller sends more requests than it may", "try again after the time in `google.rpc.RetryInfo`";

    CatalogueNotPublished "CATALOGUE_NOT_PUBLISHED" Engine (Unavailable 503)
        "no catalogue is loaded yet", "run `mungpy batch`";
    CatalogueEmpty "CATALOGUE_EMPTY" Engine (Unavailable 503)
        "the catalogue holds no dog", "run `mungpy batch` over a source with dogs";
    Overloaded "OVERLOADED" Engine (ResourceExhausted 429)
        "the answer would come too late, or the requests in flight hold all the memory they may",
        "try again after the time in `google.rpc.RetryInfo`";
    PhotoUnavailable "PHOTO_UNAVAILABLE" Engine (NotFound 404)
        "the photo of the dog cannot be read where its source keeps it", "try again later, or show the dog without it";
    BatchRunning "BATCH_RUNNING" Engine (FailedPrecondition 409)
        "a batch is under way", "watch it, or try again when it has ended";
    BatchNotRunning "BATCH_NOT_RUNNING" Engine (FailedPrecondition 409)
        "no batch is under way", "nothing to do";
    BatchOff "BATCH_OFF" Engine (FailedPrecondition 409)
        "the server runs no batch", "start it with `--batch`, or run `mungpy batch`";
    Stopping "STOPPING" Engine (Unavailable 503)
        "the server is shutting down", "try again on another server";
    VisionFailed "VISION_FAILED" Engine (Internal 502)
        "dlib failed", "try again; report it if it happens twice";
    PhotoOperationFailed "PHOTO_OPERATION_FAILED" Engine (Internal 502)
        "an image operation failed, for want of memory perhaps", "try again; give the engine more memory";
    Internal "INTERNAL" Engine (Internal 502)
        "the engine met a fault of its own", "try again; report it if it happens twice";

    FormExpected "FORM_EXPECTED" Gateway (- 415)
        "the body is not a multipart form", "send `multipart/form-data`";
    FormMalformed "FORM_MALFORMED" Gateway (- 400)
        "the form cannot be parsed", "check boundary and headers of the form";
    FieldMissing "FIELD_MISSING" Gateway (- 400)
        "a required field is absent", "send `imageId` and `image`";
    FieldRepeated "FIELD_REPEATED" Gateway (- 400)
        "a field that may stand in the form once occurs twice", "send it once";
    FieldInvalid "FIELD_INVALID" Gateway (- 422)
        "a field, a parameter or a header is not understood", "write it as the message says";
    MediaTypeUnsupported "MEDIA_TYPE_UNSUPPORTED" Gateway (- 415)
        "the path does not take a body of this type", "send the type that the message names";
    NotFound "NOT_FOUND" Gateway (- 404)
        "nothing is at this path", "check the path";
    MethodNotAllowed "METHOD_NOT_ALLOWED" Gateway (- 405)
        "the path does not take this method", "check the method";
    EngineUnreachable "ENGINE_UNREACHABLE" Gateway (- 503)
        "the engine cannot be reached, or the connection to it broke", "try again later";
    EngineTimeout "ENGINE_TIMEOUT" Gateway (- 504)
        "the engine did not answer in time", "try again later";
    EngineFailed "ENGINE_FAILED" Gateway (- 502)
        "the engine failed without a reason", "report it if it happens twice";

    ModelMissing "MODEL_MISSING" Models ()
        "no model directory holds the file", "name its directory with `--models`";
    ModelUnreadable "MODEL_UNREADABLE" Models ()
        "the model file cannot be read", "check its permissions";
    ModelCorrupted "MODEL_CORRUPTED" Models ()
        "the model file has another checksum than the manifest", "install it again";
    ModelRejected "MODEL_REJECTED" Models ()
        "the model file cannot be parsed", "install it again";
    NoCudaDevice "NO_CUDA_DEVICE" Models ()
        "a CUDA build runs without a usable GPU", "install the NVIDIA driver, or use a build without `cuda`";

    SourceUnreadable "SOURCE_UNREADABLE" Batch ()
        "the source folder or a file in it cannot be read", "check path and permissions";
    SourceMalformed "SOURCE_MALFORMED" Batch ()
        "a list of dogs cannot be parsed", "mend the line that the message names";
    SourceUnreachable "SOURCE_UNREACHABLE" Batch ()
        "a service that lists dogs does not answer", "check its address; the next batch asks again";
    SourceRefused "SOURCE_REFUSED" Batch ()
        "a service that lists dogs refuses the request", "check the key and the quota of the service";
    SourceEmpty "SOURCE_EMPTY" Batch ()
        "the source lists no dog although dogs are known", "mount the disk, or run with `--allow-empty`";
    SourceDatabaseFailed "SOURCE_DATABASE_FAILED" Batch ()
        "the database did not answer the query", "check URL, query and certificate";
    CatalogueShrinks "CATALOGUE_SHRINKS" Batch ()
        "the batch would lose more dogs than it may, so nothing was published", "mend the source, or run with a larger `--max-loss`";
    DogIdInvalid "DOG_ID_INVALID" Batch ()
        "the dog has no usable id", "name it in UTF-8, without control characters";
    DuplicateDogId "DUPLICATE_DOG_ID" Batch ()
        "two dogs have the same id; the first is kept", "rename one";
    DogWithoutPhoto "DOG_WITHOUT_PHOTO" Batch ()
        "the dog is listed without a photo", "add a photo";
    PhotoUnreadable "PHOTO_UNREADABLE" Batch ()
        "the photo file cannot be read", "check path and permissions";
    PhotoUnreachable "PHOTO_UNREACHABLE" Batch ()
        "the photo cannot be fetched", "nothing to do: the next batches try again; check the address if it lasts";
    AddressRefused "ADDRESS_REFUSED" Batch (InvalidArgument 422)
        "the address must not be asked: it is no http address, or it leads into the own network", "correct it, or set `allow_private_addresses`";
    RowInvalid "ROW_INVALID" Batch ()
        "a row of the list of dogs is not understood and was left out", "mend the row that the message names";
    StoreLocked "STORE_LOCKED" Batch (FailedPrecondition 409)
        "another batch has the store open", "wait until it has ended";
    StoreOfNewerVersion "STORE_OF_NEWER_VERSION" Batch ()
        "a newer version of mungpy has written the store", "run that version, or remove the store";
    CatalogueNotKept "CATALOGUE_NOT_KEPT" Batch (NotFound 404)
        "the version of the catalogue is not kept", "choose one that `mungpy catalogue stats` lists";
    ImportMalformed "IMPORT_MALFORMED" Batch ()
        "the file is no export of a catalogue, so nothing was imported", "mend the line that the message names";
    BatchCancelled "BATCH_CANCELLED" Batch ()
        "the batch was stopped", "run it again: it goes on where it was";
    StoreFailed "STORE_FAILED" Batch ()
        "the store failed", "check the disk; the store can be deleted and is made again";
    DiskFull "DISK_FULL" Batch (ResourceExhausted 507)
        "the disk is full", "free some space and run the batch again";
    DataDirUnusable "DATA_DIR_UNUSABLE" Batch ()
        "the data directory cannot be read or written", "check path and permissions";
    CatalogueDamaged "CATALOGUE_DAMAGED" Batch ()
        "the published catalogue is damaged", "run `mungpy batch` to publish it again";
    CatalogueLayoutUnknown "CATALOGUE_LAYOUT_UNKNOWN" Batch ()
        "the catalogue has the layout of another version of mungpy", "run batch and server of the same version";
    CatalogueOfOtherModels "CATALOGUE_OF_OTHER_MODELS" Batch (FailedPrecondition 409)
        "the dogs were measured by other models than this program compares with", "run batch and server of the same version with the same `--models` and `--detector`";
    MemoryShort "MEMORY_SHORT" Batch ()
        "the system grants too little memory to measure", "raise the limit, or run with fewer `--workers`";

    ConfigInvalid "CONFIG_INVALID" Command ()
        "a setting is not understood", "mend the key that the message names";
    TemperamentFileInvalid "TEMPERAMENT_FILE_INVALID" Command ()
        "the questionnaire file is not understood", "mend the line that the message names";
    AnswerInvalid "ANSWER_INVALID" Command ()
        "`--answer` is not AXIS=SIDE", "write it like `energy=homebody`";
    ArgumentsConflict "ARGUMENTS_CONFLICT" Command ()
        "the arguments exclude each other", "drop one of them";
    FileUnusable "FILE_UNUSABLE" Command ()
        "a named file cannot be read or written", "check path and permissions";
    OutputFailed "OUTPUT_FAILED" Command ()
        "standard output cannot be written", "check what reads it";
    AddressUnusable "ADDRESS_UNUSABLE" Command ()
        "the address cannot be listened on", "choose another port";
    ServerFailed "SERVER_FAILED" Command ()
        "the gRPC server failed", "see the message";
    ServerUnreachable "SERVER_UNREACHABLE" Command ()
        "the server named by `--server` does not answer", "check the address";
    ServerTimeout "SERVER_TIMEOUT" Command ()
        "the server named by `--server` did not answer in time", "try again, or allow more with `--timeout`";
    FeatureMissing "FEATURE_MISSING" Command ()
        "this build lacks a feature", "build with the feature that the message names";
    FetchFailed "FETCH_FAILED" Command ()
        "a model could not be downloaded", "check the address";
    ProgramMissing "PROGRAM_MISSING" Command ()
        "the program that runs this command is not installed", "install it beside `mungpy`";
    CacheFailed "CACHE_FAILED" Command ()
        "the lab's cache of measurements failed", "remove the cache and run again";
    NoDogs "NO_DOGS" Command ()
        "no photo of a dog could be measured", "name folders with other photos";
    TooFewPeople "TOO_FEW_PEOPLE" Command ()
        "too few people were measured in two recordings", "name folders with more people";
}
