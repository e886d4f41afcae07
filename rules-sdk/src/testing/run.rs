use std::collections::BTreeMap;

use tripline_abi::manifest::Manifest;
use tripline_abi::{BatchWriter, Guest, OpenWriter, Reply, SettingValue};

use super::decided::Decided;
use super::line::{Line, id};
use super::patterns::Patterns;
use crate::{Instance, Pack};

/// A pack that runs natively, one line at a time.
pub struct Run<P: Pack> {
    manifest: Manifest,
    patterns: Patterns,
    settings: Vec<(String, SettingValue)>,
    instance: Instance<P>,
    lines: u64,
}

/// What a setting can be given as.
pub trait Given {
    /// It as a setting's value.
    fn value(self) -> SettingValue;
}

impl<P: Pack> Run<P> {
    /// The pack with its default settings.
    pub fn new() -> Result<Self, String> {
        Self::with(BTreeMap::new())
    }

    /// The pack with one setting other than its default; what it had seen is forgotten.
    pub fn set(self, name: &str, value: impl Given) -> Result<Self, String> {
        let mut given: BTreeMap<String, SettingValue> = self.settings.into_iter().collect();
        match given.insert(name.into(), value.value()) {
            Some(_) => Self::with(given),
            None => Err(format!("there is no setting `{name}`")),
        }
    }

    /// The pack's manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Judges a line; lines are numbered from 1, and ticks count.
    pub fn judge(&mut self, line: impl Into<Line>) -> Vec<Decided> {
        self.lines += 1;
        let line = line.into();
        match self.patterns.seen(&line) {
            Some(seen) => self.check(&line.batch(id(self.lines), &self.manifest.field_names(), &seen)),
            None => Vec::new(),
        }
    }

    /// Moves time to so many seconds after 1970.
    pub fn tick(&mut self, secs: i64) -> Vec<Decided> {
        self.lines += 1;
        let (mut writer, mut batch) = (BatchWriter::new(), Vec::new());
        writer.tick(id(self.lines), secs.saturating_mul(1_000_000_000));
        writer.finish(&mut batch);
        self.check(&batch)
    }

    /// Saves the pack's state, makes a new instance from it, and answers the state.
    pub fn restart(&mut self) -> Result<Vec<u8>, String> {
        let state = self.instance.save().unwrap_or_default();
        self.instance = open(&self.settings, Some(&state))?;
        Ok(state)
    }

    fn with(given: BTreeMap<String, SettingValue>) -> Result<Self, String> {
        let manifest = Manifest::parse(P::MANIFEST).map_err(|error| error.to_string())?;
        let settings = manifest.settings.properties.iter().map(|property| {
            let value = given.get(&property.name).or(property.default.as_ref()).cloned();
            let missing = || format!("the setting `{}` has no default and was not given", property.name);
            Ok((property.name.clone(), value.ok_or_else(missing)?))
        });
        let settings: Vec<(String, SettingValue)> = settings.collect::<Result<_, String>>()?;
        let texts = |name: &str| match settings.iter().find(|(known, _)| known == name) {
            Some((_, SettingValue::Text(text))) => vec![text.clone()],
            Some((_, SettingValue::List(items))) => items.iter().filter_map(text).collect(),
            _ => Vec::new(),
        };
        let patterns = Patterns::new(&manifest, texts)?;
        let instance = open(&settings, None)?;
        Ok(Run { manifest, patterns, settings, instance, lines: 0 })
    }

    fn check(&mut self, batch: &[u8]) -> Vec<Decided> {
        let mut reply = Vec::new();
        self.instance.check(batch, &mut reply);
        if reply.is_empty() {
            return Vec::new();
        }
        let rules = &self.manifest.rules;
        match Reply::parse(&reply, rules.len() as u32) {
            Ok(reply) => reply.decisions().filter_map(|decision| Decided::new(&decision, rules)).collect(),
            Err(error) => unreachable!("the SDK shortens every decision to the limits: {error}"),
        }
    }
}

fn open<P: Pack>(settings: &[(String, SettingValue)], state: Option<&[u8]>) -> Result<Instance<P>, String> {
    let mut writer = OpenWriter::new();
    settings.iter().for_each(|(name, value)| writer.setting(name, value));
    Instance::open(&writer.finish(state.map(|state| (state, "0.0.0"))))
}

fn text(value: &SettingValue) -> Option<String> {
    if let SettingValue::Text(text) = value { Some(text.clone()) } else { None }
}

impl Given for i64 {
    fn value(self) -> SettingValue {
        SettingValue::Integer(self)
    }
}

impl Given for f64 {
    fn value(self) -> SettingValue {
        SettingValue::Number(self)
    }
}

impl Given for bool {
    fn value(self) -> SettingValue {
        SettingValue::Bool(self)
    }
}

impl Given for &str {
    fn value(self) -> SettingValue {
        SettingValue::Text(self.into())
    }
}

impl<T: Given, const N: usize> Given for [T; N] {
    fn value(self) -> SettingValue {
        SettingValue::List(self.into_iter().map(Given::value).collect())
    }
}
