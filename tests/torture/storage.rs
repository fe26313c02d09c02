//! Sources that are odd, stores that are damaged, batches that are killed.

mod codecs;
mod crashes;
mod damage;
mod files;
mod losses;
mod recovery;
mod serving;
mod sources;

use std::{
    env, fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use mungpy::catalogue::{Catalogue, DataDir, PhotosDigest};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::common::{self, data};
pub(super) use crashes::FAULTS;

/// How long a child may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a child may take of address space, and of processor time in seconds.
pub(super) const MEMORY_KIB: u64 = 3 << 20;
const CPU_S: u64 = 120;

/// What a run leaves in the data directory, beside catalogues that are kept.
const TIDY: [&str; 5] = ["catalogue.mungpy", "fetched", "runs.jsonl", "store", "store.lock"];

/// What came of a child.
pub(super) struct Ended {
    /// `None` if it was killed.
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ended {
    /// The report of a batch that was told to print JSON.
    pub(super) fn report(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }

    /// Checks that the command failed with a reason.
    pub(super) fn failed_as(&self, reason: &str) {
        let told = format!("[{reason}]");
        let (out, err) = (&self.out, &self.err);
        assert_eq!(self.code, Some(1), "{out}{err}");
        assert!(out.contains(&told) || err.contains(&told), "no {told} in {out}{err}");
    }
}

/// The program that is attacked: the one that was built, unless `MUNGPY_BIN` names another.
pub(super) fn program() -> PathBuf {
    env::var_os("MUNGPY_BIN").map_or_else(|| env!("CARGO_BIN_EXE_mungpy").into(), PathBuf::from)
}

/// A command of `mungpy` under limits of memory and processor time.
pub(super) fn mungpy(memory_kib: u64) -> Command {
    let limits = format!("ulimit -v {memory_kib} -t {CPU_S} -c 0; exec \"$@\"");
    let mut command = Command::new("bash");
    command.args(["-c", &limits, "limited"]).arg(program());
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("MUNGPY_MODELS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `mungpy batch` with one worker, whose report is JSON.
fn batch(source: &Path, data_dir: &Path) -> Command {
    let mut command = mungpy(MEMORY_KIB);
    command.args(["batch", "--json", "--workers", "1", "--source"]).arg(source);
    command.arg("--data-dir").arg(data_dir);
    command
}

/// Runs a command to its end and fails if it hangs.
pub(super) fn run(command: &mut Command) -> Ended {
    run_within(command, PATIENCE)
}

pub(super) fn run_within(command: &mut Command, patience: Duration) -> Ended {
    let mut child = command.spawn().unwrap();
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let status = wait(&mut child, patience);
    Ended { code: status.code(), out: out.join().unwrap(), err: err.join().unwrap() }
}

fn wait(child: &mut Child, patience: Duration) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > patience {
            child.kill().unwrap();
            panic!("the child hung");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn reader(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    let mut stream = stream.unwrap();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A source and a data directory beside it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// With these composites as photos.
    fn with(names: &[&str]) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(place.source()).unwrap();
        fs::create_dir(place.data()).unwrap();
        for name in names {
            place.add(name);
        }
        place
    }

    /// With all composites, and a catalogue of them as a batch would have published it, so that no
    /// batch has to measure them.
    fn published() -> Self {
        let place = Self::with(&[]);
        let mut catalogue = common::composite_catalogue();
        for dog in &mut catalogue.dogs {
            place.add(&dog.image_id);
            let photo = place.source().join(&dog.image_id);
            dog.photos_digest = digest_of(&photo);
            dog.photo_location = photo.canonicalize().unwrap().to_string_lossy().into_owned();
            dog.traits.clear();
        }
        catalogue.dogs.sort_by(|a, b| a.dog_id.cmp(&b.dog_id));
        catalogue.publish(&place.catalogue()).unwrap();
        place
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn source(&self) -> PathBuf {
        self.root().join("source")
    }

    fn data(&self) -> PathBuf {
        self.root().join("data")
    }

    fn catalogue(&self) -> PathBuf {
        DataDir::new(&self.data()).catalogue_path()
    }

    fn add(&self, name: &str) {
        fs::copy(data("dogs").join(name), self.source().join(name)).unwrap();
    }

    fn batch(&self) -> Command {
        batch(&self.source(), &self.data())
    }

    fn read(&self) -> Catalogue {
        Catalogue::read(&self.catalogue()).unwrap()
    }

    fn ids(&self) -> Vec<String> {
        self.read().dogs.into_iter().map(|dog| dog.dog_id).collect()
    }

    /// Names in the data directory.
    fn names(&self) -> Vec<String> {
        names_in(&self.data())
    }
}

/// What stands for the one photo of a dog.
fn digest_of(photo: &Path) -> PhotosDigest {
    Sha256::digest(Sha256::digest(fs::read(photo).unwrap())).into()
}

pub(super) fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> =
        entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Checks that the history tells of each run once.
pub(super) fn is_told_once(data: &Path, why: &str) {
    let text = fs::read_to_string(data.join("runs.jsonl")).unwrap();
    let run = |line| serde_json::from_str::<Value>(line).unwrap();
    let mut begun: Vec<_> = text.lines().map(|line| run(line)["startedAt"].to_string()).collect();
    let runs = begun.len();
    begun.dedup();
    assert_eq!(begun.len(), runs, "{text} {why}");
}

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}
