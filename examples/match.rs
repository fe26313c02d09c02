//! Asks a running server for the dog most like a person.
//!
//! ```sh
//! make demo-server                                             # in another terminal
//! cargo run --example match -- tests/data/persons/wide-set-eyes.jpg
//! ```

use std::{env, error::Error, fs};

use mungpy_proto::v1::{Answer, MatchRequest, match_service_client::MatchServiceClient};
use tonic_types::StatusExt;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let photo = arguments.next().ok_or("usage: match PHOTO [http://HOST:PORT]")?;
    let server = arguments.next().unwrap_or_else(|| "http://127.0.0.1:50051".to_owned());
    let mut client = MatchServiceClient::connect(server).await?;
    let request = MatchRequest {
        photos: vec![fs::read(&photo)?.into()],
        image_id: photo,
        answers: vec![Answer {
            axis: "energy".to_owned(),
            side: "homebody".to_owned(),
            required: false,
        }],
        top: 3,
        ..MatchRequest::default()
    };
    match client.r#match(request).await {
        Ok(response) => {
            for dog in response.into_inner().matches {
                println!("{} (image {}): {:.1}", dog.dog_id, dog.dog_image_id, dog.score);
                for ratio in dog.explanation.into_iter().flat_map(|why| why.ratios) {
                    println!("  {}", ratio.sentence);
                }
            }
            Ok(())
        }
        // Decide by the reason, which is stable, not by the message.
        Err(status) => {
            let reason = status.get_error_details().error_info().map(|info| info.reason.clone());
            Err(format!("{} [{}]", status.message(), reason.unwrap_or_default()).into())
        }
    }
}
