//! A real `mungpy serve` in a process of its own, and what it uses.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use mungpy::catalogue::DataDir;
use mungpy_proto::v1::{MatchRequest, match_service_client::MatchServiceClient};
use tonic::{Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt;

use crate::common::{bytes, composite_catalogue, shipped_models};

pub(super) const PERSON: &str = "persons/wide-set-eyes.jpg";

/// The command, isolated from the environment of the tests.
pub(super) fn mungpy() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mungpy"));
    isolate(&mut command);
    command
}

fn isolate(command: &mut Command) {
    for variable in ["MUNGPY_CONFIG", "MUNGPY_DATA_DIR", "MUNGPY_LOG", "MUNGPY_WORKERS"] {
        command.env_remove(variable);
    }
    command.env("MUNGPY_MODELS", shipped_models());
}

/// A directory with a published catalogue of the composite dogs.
pub(super) fn published() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    composite_catalogue().publish(&DataDir::new(folder.path()).catalogue_path()).unwrap();
    folder
}

/// A running server. Dropping it kills it.
pub(super) struct Server {
    pub(super) child: Child,
    pub(super) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts a server whose log goes nowhere, and waits until it serves.
    pub(super) async fn start(arguments: &[&str]) -> Self {
        Self::start_with(mungpy(), Stdio::null(), arguments).await
    }

    /// Starts a server that may have this many files open.
    pub(super) async fn start_with_files(files: u32, log: Stdio) -> Self {
        let mut shell = Command::new("sh");
        isolate(&mut shell);
        let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_mungpy")]);
        Self::start_with(shell, log, &[]).await
    }

    pub(super) async fn start_with(mut command: Command, log: Stdio, arguments: &[&str]) -> Self {
        let folder = published();
        // Nobody can be asked for the port where nobody reads the log.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        command.args(["serve", "--listen", &address.to_string(), "--data-dir"]);
        command.arg(folder.path()).args(arguments).stdin(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap();
        let server = Self { child, address, _folder: folder };
        let begun = Instant::now();
        while !server.is_serving().await {
            assert!(begun.elapsed() < Duration::from_secs(60), "the server does not start");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) async fn channel(&self) -> Channel {
        Channel::from_shared(self.url()).unwrap().connect().await.unwrap()
    }

    pub(super) async fn client(&self) -> MatchServiceClient<Channel> {
        MatchServiceClient::new(self.channel().await)
            .max_encoding_message_size(usize::MAX)
            .max_decoding_message_size(usize::MAX)
    }

    /// Whether the health check answers within two seconds that it serves.
    pub(super) async fn is_serving(&self) -> bool {
        let ask = async {
            let channel = Channel::from_shared(self.url()).unwrap().connect().await.ok()?;
            let request = HealthCheckRequest { service: String::new() };
            let answer = HealthClient::new(channel).check(request).await.ok()?;
            Some(answer.into_inner().status == 1)
        };
        tokio::time::timeout(Duration::from_secs(2), ask).await.ok().flatten().unwrap_or(false)
    }

    /// The most memory that it has used so far, in MiB.
    pub(super) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// The time that its threads have run so far.
    pub(super) fn cpu_time(&self) -> Duration {
        let stat = fs::read_to_string(self.proc("stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks = |index: usize| fields[index].parse::<u64>().unwrap();
        // User and system time in hundredths of a second.
        Duration::from_millis((ticks(11) + ticks(12)) * 10)
    }

    /// The time that its threads have run since it was looked at before.
    pub(super) fn cpu_time_since(&self, before: Duration) -> Duration {
        self.cpu_time().saturating_sub(before)
    }

    /// The number of files that it has open.
    pub(super) fn open_files(&self) -> usize {
        fs::read_dir(self.proc("fd")).unwrap().count()
    }

    fn proc(&self, name: &str) -> std::path::PathBuf {
        Path::new("/proc").join(self.child.id().to_string()).join(name)
    }

    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Waits until it has ended; returns how, and how long that took.
    pub(super) fn wait(&mut self, longest: Duration) -> Option<(ExitStatus, Duration)> {
        let begun = Instant::now();
        while begun.elapsed() < longest {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some((status, begun.elapsed()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request that is answered with a dog.
pub(super) fn request() -> MatchRequest {
    MatchRequest { photos: vec![bytes(PERSON).into()], ..MatchRequest::default() }
}

/// The stable reason of a refusal.
pub(super) fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details.error_info().map_or_else(|| format!("{status:?}"), |info| info.reason.clone())
}
