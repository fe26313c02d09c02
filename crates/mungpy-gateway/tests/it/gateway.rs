//! A gateway in a process of its own, and what it uses.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A running gateway. Dropping it kills it.
pub(super) struct Gateway {
    child: Child,
    pub(super) address: SocketAddr,
    log: Option<JoinHandle<String>>,
    /// Takes connections and never answers.
    _engine: Option<TcpListener>,
}

/// What the server sends until it closes the connection, which must not take longer than this.
pub(super) fn read_all(socket: &mut TcpStream, longest: Duration) -> String {
    socket.set_read_timeout(Some(longest)).unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match socket.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => received.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("the server does not close the connection: {error}"),
        }
    }
    String::from_utf8_lossy(&received).into_owned()
}

/// What a gateway complains of that does not start with this variable of the environment.
pub(super) fn complaint(variable: &str, value: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_mungpy-gateway"))
        .args(["--listen", "127.0.0.1:0"])
        .env(variable, value)
        .output()
        .unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

impl Gateway {
    /// In front of an engine that never answers.
    pub(super) fn start(arguments: &[&str]) -> Self {
        let engine = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = format!("http://{}", engine.local_addr().unwrap());
        Self::launch(&upstream, Some(engine), "info", arguments)
    }

    /// In front of an engine, with everything in its log.
    pub(super) fn start_telling_all(upstream: &str, arguments: &[&str]) -> Self {
        Self::launch(upstream, None, "trace", arguments)
    }

    fn launch(upstream: &str, engine: Option<TcpListener>, log: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mungpy-gateway"))
            .args(["--listen", "127.0.0.1:0", "--upstream", upstream])
            .args(arguments)
            .env("MUNGPY_LOG", log)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let line = lines.find_map(|line| line.ok().filter(|line| line.contains("address=")));
        let line = line.expect("the gateway says where it listens");
        let address = line.split("address=").nth(1).unwrap().split(' ').next().unwrap();
        let address = address.parse().unwrap();
        let log = thread::spawn(move || lines.map_while(Result::ok).collect());
        Self { child, address, log: Some(log), _engine: engine }
    }

    /// Ends it, and returns what it has logged since it listened.
    pub(super) fn log(mut self) -> String {
        self.stop(Duration::from_secs(20)).expect("no request is under way");
        self.log.take().expect("only this takes it").join().unwrap()
    }

    pub(super) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    pub(super) fn get(&self, path: &str) -> String {
        let mut socket = self.connect();
        write!(socket, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        read_all(&mut socket, Duration::from_secs(10))
    }

    /// Posts a form with the boundary `b`.
    pub(super) fn post_form(&self, form: &str) -> String {
        let mut socket = self.begin(form.len());
        let mut reading = socket.try_clone().unwrap();
        let answer = thread::spawn(move || read_all(&mut reading, Duration::from_secs(10)));
        // The answer may come before the form has been sent.
        let _ = socket.write_all(form.as_bytes());
        answer.join().unwrap()
    }

    /// Sends so many bytes of a photo that never ends.
    pub(super) fn half_a_photo(&self, bytes: usize) -> TcpStream {
        let mut socket = self.begin(10 * 1024 * 1024);
        let head = "--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\n";
        let _ = socket.write_all(head.as_bytes());
        let _ = socket.write_all(&vec![b'x'; bytes]);
        socket
    }

    fn begin(&self, length: usize) -> TcpStream {
        let mut socket = self.connect();
        write!(
            socket,
            "POST /api/v1/similar-dog HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {length}\r\n\r\n"
        )
        .unwrap();
        socket
    }

    /// The most memory that it has used so far, in MiB.
    pub(super) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Asks it to stop; returns how long that took.
    pub(super) fn stop(&mut self, longest: Duration) -> Option<Duration> {
        let begun = Instant::now();
        self.signal("-TERM");
        while begun.elapsed() < longest {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(0));
                return Some(begun.elapsed());
            }
            thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
