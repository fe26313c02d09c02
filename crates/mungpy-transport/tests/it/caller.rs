//! A caller with good manners.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

/// An answer that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// One HTTP/2 connection.
pub(crate) struct Caller(http2::SendRequest<Full<Bytes>>);

impl Caller {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap()).await.unwrap()
    }

    pub(crate) async fn over(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> hyper::Result<Self> {
        let io = TokioIo::new(stream);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<(StatusCode, String)> {
        self.send(Request::get(format!("http://localhost{path}"))).await
    }

    pub(crate) async fn send(
        &mut self,
        request: http::request::Builder,
    ) -> hyper::Result<(StatusCode, String)> {
        let request = request.body(Full::default()).unwrap();
        let answer = async {
            self.0.ready().await?;
            let answer = self.0.send_request(request).await?;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            Ok((status, String::from_utf8(body.to_vec()).unwrap()))
        };
        timeout(PATIENCE, answer).await.expect("no answer came")
    }
}

/// One request over a new HTTP/1.1 connection.
pub(crate) async fn get_http1(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    path: &str,
) -> hyper::Result<(StatusCode, String)> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get(path).header("host", "localhost").body(Full::<Bytes>::default());
    let answer = sender.send_request(request.unwrap()).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

/// Whether a new caller is served.
pub(crate) async fn is_served(address: SocketAddr) -> bool {
    let answer = Caller::connect(address).await.get("/").await;
    answer.is_ok_and(|answer| answer == (StatusCode::OK, "ok".to_owned()))
}

/// What `abuse` returns; another caller is served meanwhile and after.
pub(crate) async fn while_served<T>(address: SocketAddr, abuse: impl Future<Output = T>) -> T {
    let others = async {
        loop {
            assert!(is_served(address).await, "another caller was not served meanwhile");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let result = tokio::select! {
        result = abuse => result,
        () = others => unreachable!(),
    };
    assert!(is_served(address).await, "another caller was not served after");
    result
}
