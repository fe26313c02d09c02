//! A source under the name and prefix that the configuration gives it, with attributes for all its
//! dogs.

use std::collections::BTreeMap;

use crate::{
    SourceError,
    listing::{DogSource, Fault, ListRequest, Listing},
};

/// A source whose messages bear a name, and whose dogs have ids with a prefix.
pub(crate) struct NamedSource {
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) source: Box<dyn DogSource>,
}

impl DogSource for NamedSource {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn list(&self, request: &ListRequest<'_>) -> Result<Listing, SourceError> {
        let mut listing = self.source.list(request).map_err(|error| self.named(error))?;
        for dog in &mut listing.dogs {
            for (key, value) in &self.attributes {
                dog.attributes.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        if self.prefix.is_empty() {
            return Ok(listing);
        }
        let prefixed = |id: &String| format!("{}{id}", self.prefix);
        for dog in &mut listing.dogs {
            dog.dog_id = prefixed(&dog.dog_id);
        }
        for fault in &mut listing.faults {
            fault.dog_id = prefixed(&fault.dog_id);
        }
        // The prefix may make an id too long.
        let faults = &mut listing.faults;
        listing.dogs.retain(|dog| match Fault::of_id(&dog.dog_id) {
            Some(fault) => {
                faults.push(fault);
                false
            }
            None => true,
        });
        listing.unlisted = listing.unlisted.iter().map(prefixed).collect();
        listing.gone = listing.gone.iter().map(prefixed).collect();
        Ok(listing)
    }
}

impl NamedSource {
    fn named(&self, error: SourceError) -> SourceError {
        let name = self.name.clone();
        match error {
            SourceError::Web { source, .. } => SourceError::Web { name, source },
            SourceError::Refused { detail, .. } => SourceError::Refused { name, detail },
            other => other,
        }
    }
}
