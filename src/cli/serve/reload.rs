//! What changes at SIGHUP: tokens, certificates, the policy, the log filter.

use std::{collections::BTreeMap, sync::Arc};

use mungpy_runtime::logging::FilterHandle;
use mungpy_transport::{Tls, Tokens};

use crate::{
    matching::Matcher,
    settings::{Layers, Settings, Shown},
};

/// Reads the settings again, from the same command line.
pub(in crate::cli) type Reread = Box<dyn Fn() -> Result<Layers, String> + Send>;

/// Keys of what changes without a restart.
const RELOADED: [&str; 2] = ["policy", "log"];

/// What can follow the settings while the server runs.
pub(super) struct Reload {
    pub(super) reread: Reread,
    pub(super) matcher: Arc<Matcher>,
    pub(super) tokens: Option<Tokens>,
    pub(super) tls: Option<Tls>,
    pub(super) filter: FilterHandle,
    /// The settings that the server started with.
    pub(super) begun: Vec<Shown>,
}

impl Reload {
    /// Reads everything again. What is wrong is said in the log, and stays as it was.
    pub(super) fn run(&self) {
        let mut faults = Vec::new();
        if let Some(tokens) = &self.tokens {
            faults.extend(tokens.reload().err().map(|error| error.to_string()));
        }
        if let Some(tls) = &self.tls {
            faults.extend(tls.reload().err().map(|error| error.to_string()));
        }
        match (self.reread)() {
            Ok(layers) => faults.extend(self.follow(&layers)),
            Err(fault) => faults.push(fault),
        }
        for fault in &faults {
            tracing::error!(%fault, "a setting was not reloaded");
        }
        if faults.is_empty() {
            tracing::info!("settings reloaded");
        }
    }

    fn follow(&self, layers: &Layers) -> Vec<String> {
        for key in changed(&self.begun, &layers.shown()) {
            tracing::warn!(key, "this setting has changed and takes effect after a restart");
        }
        let policy = Settings::policy_of(layers).map(|policy| self.matcher.set_policy(policy));
        let filter = self.filter.replace(layers.common.log.as_deref().unwrap_or("info"));
        let faults = [
            policy.err().map(|error| error.to_string()),
            filter.err().map(|error| error.to_string()),
        ];
        faults.into_iter().flatten().collect()
    }
}

/// Keys whose values differ and that need a restart.
fn changed(begun: &[Shown], now: &[Shown]) -> Vec<String> {
    let values = |shown: &[Shown]| -> BTreeMap<String, String> {
        shown.iter().map(|one| (one.key.clone(), one.value.clone())).collect()
    };
    let (begun, now) = (values(begun), values(now));
    let keys = begun.keys().chain(now.keys()).collect::<std::collections::BTreeSet<_>>();
    let differs = |key: &&&String| begun.get(**key) != now.get(**key);
    let is_fixed = |key: &&&String| !RELOADED.contains(&key.as_str());
    keys.iter().filter(is_fixed).filter(differs).map(|key| (**key).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Origin;

    #[test]
    fn what_needs_a_restart_is_named() {
        let shown = |key: &str, value: &str| Shown {
            key: key.to_owned(),
            value: value.to_owned(),
            origin: Origin::File,
        };
        let begun = [shown("workers", "2"), shown("policy", "best(10)"), shown("gone", "x")];
        let now = [shown("workers", "4"), shown("policy", "best(3)"), shown("new", "y")];
        assert_eq!(changed(&begun, &now), ["gone", "new", "workers"]);
        assert!(changed(&begun, &begun).is_empty());
    }
}
