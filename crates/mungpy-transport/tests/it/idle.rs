//! Thousands of idle connections, held by a process of their own.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use mungpy_transport::Limits;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{
    caller::{Caller, is_served},
    server::Server,
};

/// Connections that are held if file descriptors allow it.
const MANY: usize = 10_000;
const PATIENT: Limits = Limits {
    connections: MANY + 100,
    receive_timeout: Duration::from_secs(300),
    idle_timeout: Duration::from_secs(300),
    ..Limits::DEFAULT
};

/// Raises the limit of file descriptors; returns the connections that it allows.
fn descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    MANY.min(usize::try_from(allowed).unwrap_or(MANY).saturating_sub(300))
}

/// A process that holds connections.
struct Crowd {
    child: Child,
    _stdin: ChildStdin,
}

impl Crowd {
    /// Returns when all its connections are open.
    fn gather(address: SocketAddr, number: usize, used: bool) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "idle::crowd", "--ignored", "--nocapture"])
            .env("CROWD_ADDRESS", address.to_string())
            .env("CROWD_NUMBER", number.to_string())
            .env("CROWD_USED", if used { "1" } else { "" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let gathered = lines.map_while(Result::ok).any(|line| line.contains("gathered"));
        assert!(gathered, "the crowd could not gather");
        Self { child, _stdin: stdin }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the other tests run it as a process of its own"]
async fn crowd() {
    let Ok(address) = env::var("CROWD_ADDRESS") else { return };
    let address: SocketAddr = address.parse().unwrap();
    let number: usize = env::var("CROWD_NUMBER").unwrap().parse().unwrap();
    let used = !env::var("CROWD_USED").unwrap().is_empty();
    descriptors();
    let (mut silent, mut callers) = (Vec::new(), Vec::new());
    for _ in 0..number {
        if used {
            let mut caller = Caller::connect(address).await;
            caller.get("/").await.unwrap();
            callers.push(caller);
        } else {
            silent.push(tokio::net::TcpStream::connect(address).await.unwrap());
        }
    }
    println!("gathered");
    // Holds them until the other process ends.
    let _ = std::io::stdin().read(&mut [0; 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_are_held_while_others_are_served() {
    let number = descriptors();
    let server = Server::start(PATIENT).await;
    let mut before = Caller::connect(server.address).await;
    let address = server.address;
    let gather = move || Crowd::gather(address, number, false);
    let crowd = tokio::task::spawn_blocking(gather).await.unwrap();
    for _ in 0..100 {
        assert!(is_served(server.address).await);
        assert!(before.get("/").await.is_ok());
    }
    drop(crowd);
    assert!(is_served(server.address).await);
    server.stop().await;
}

/// Bytes of memory that this process holds.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure: run it alone with --nocapture"]
async fn memory_of_idle_connections() {
    let number = descriptors();
    let server = Server::start(PATIENT).await;
    assert!(is_served(server.address).await);
    let address = server.address;
    for (kind, used) in [("silent", false), ("after a request", true)] {
        let before = resident();
        let gather = move || Crowd::gather(address, number, used);
        let crowd = tokio::task::spawn_blocking(gather).await.unwrap();
        assert!(is_served(address).await);
        let each = resident().saturating_sub(before) / number;
        println!("{number} idle connections, {kind}: {each} bytes each");
        drop(crowd);
    }
}
