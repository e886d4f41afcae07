use crate::frame::{Frame, Malformed, Section, magic, section, u32_at, u64_at};

pub(crate) const SETTING: usize = 24;

/// The open frame, read in place: settings, and the state to go on from.
#[derive(Clone, Copy)]
pub struct Open<'a> {
    settings: Section<'a>,
    items: Section<'a>,
    arena: Section<'a>,
    state: Option<&'a [u8]>,
    state_version: &'a [u8],
}

impl<'a> Open<'a> {
    /// Reads the frame and checks every setting.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let frame = Frame::parse(bytes, magic::OPEN)?;
        let state = frame.section(section::STATE, 1)?;
        let open = Open {
            settings: frame.section(section::SETTINGS, SETTING as u32)?,
            items: frame.section(section::ITEMS, SETTING as u32)?,
            arena: frame.section(section::ARENA, 1)?,
            state: frame.has(section::STATE).then_some(state.bytes),
            state_version: frame.section(section::STATE_VERSION, 1)?.bytes,
        };
        for records in [open.settings, open.items] {
            for index in 0..records.count {
                let record = records.record(index).unwrap_or_default();
                open.arena.text_at(record, 0)?;
                open.value(record)?;
            }
        }
        Ok(open)
    }

    /// The settings in the manifest's order.
    pub fn settings(&self) -> impl Iterator<Item = Setting<'a>> + use<'a> {
        let open = *self;
        (0..open.settings.count).filter_map(move |index| {
            let record = open.settings.record(index)?;
            let name = open.arena.text_at(record, 0).ok()??;
            Some(Setting { name, value: open.value(record).ok()? })
        })
    }

    /// The setting of this name.
    pub fn setting(&self, name: &str) -> Option<Value<'a>> {
        self.settings().find(|setting| setting.name == name.as_bytes()).map(|setting| setting.value)
    }

    /// What `tripline_save` answered before; `None`: start empty.
    pub fn state(&self) -> Option<&'a [u8]> {
        self.state
    }

    /// Version of the pack that saved the state.
    pub fn state_version(&self) -> &'a [u8] {
        self.state_version
    }

    fn value(&self, record: &[u8]) -> Result<Value<'a>, Malformed> {
        let bits = u64_at(record, 16);
        let (low, high) = (bits as u32, (bits >> 32) as u32);
        Ok(match u32_at(record, 8) {
            1 => Value::Bool(bits != 0),
            2 => Value::Integer(bits as i64),
            3 => Value::Number(f64::from_bits(bits)),
            4 => Value::Text(self.arena.text(low, high)?.unwrap_or_default()),
            5 => {
                self.items.range(low, high)?;
                Value::List(Values { open: *self, next: low, end: low.saturating_add(high) })
            }
            found => return Err(Malformed::Number { what: "type of setting", found }),
        })
    }
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Its name in the manifest.
    pub name: &'a [u8],
    /// Its value.
    pub value: Value<'a>,
}

/// A setting's value.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any finite number.
    Number(f64),
    /// A text, UTF-8.
    Text(&'a [u8]),
    /// A list of values that are no lists.
    List(Values<'a>),
}

/// The items of a list.
#[derive(Clone, Copy)]
pub struct Values<'a> {
    open: Open<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Values<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        if self.next >= self.end {
            return None;
        }
        let record = self.open.items.record(self.next)?;
        self.next += 1;
        // A list in a list would let a frame describe an endless structure; the layout has none.
        self.open.value(record).ok().filter(|value| !matches!(value, Value::List(_)))
    }
}

impl core::fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}
