//! The bytes of a batch, written here as plainly as lib.rs draws them: nothing that makes the writer faster may change one.

use std::ops::Range;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use tripline_abi::*;

const ABSENT: u32 = u32::MAX;

#[derive(Clone, Debug)]
enum Entry {
    Tick(i64),
    Event(Box<Event>),
}

#[derive(Clone, Debug)]
struct Event {
    id: EventId,
    times: (Option<i64>, Option<i64>),
    log_source: Option<usize>,
    source: u32,
    cut: bool,
    line: Vec<u8>,
    message: Option<Range<usize>>,
    fields: Vec<(u32, Vec<u8>)>,
    matches: Vec<Match>,
}

#[derive(Clone, Debug)]
struct Match {
    pattern: u32,
    entry: Option<u32>,
    cut: bool,
    captures: Vec<Option<(u32, u32, u32)>>,
}

/// Log sources that stand for themselves: none of them has what another has.
const PRODUCTS: [&[u8]; 3] = [b"linux", b"", b"windows"];

fn entry() -> impl Strategy<Value = Entry> {
    let seen =
        (any::<u32>(), option::of(0u32..9), any::<bool>(), vec(option::of(any::<(u32, u32, u32)>()), 0..4));
    let seen = seen.prop_map(|(pattern, entry, cut, captures)| Match { pattern, entry, cut, captures });
    let place = option::of((0usize..5, 5usize..8));
    let head =
        (any::<EventId>(), any::<(Option<i64>, Option<i64>)>(), option::of(0..PRODUCTS.len()), any::<u32>());
    let parts =
        (vec(any::<u8>(), 8..20), place, vec((0u32..9, vec(any::<u8>(), 0..9)), 0..3), vec(seen, 0..4));
    let event = (head, any::<bool>(), parts).prop_map(|(head, cut, (line, place, fields, matches))| {
        let (id, times, log_source, source) = head;
        let message = place.map(|(start, end)| start..end);
        Entry::Event(Box::new(Event { id, times, log_source, source, cut, line, message, fields, matches }))
    });
    prop_oneof![1 => any::<i64>().prop_map(Entry::Tick), 5 => event]
}

fn write(writer: &mut BatchWriter, entry: &Entry) {
    let event = match entry {
        Entry::Tick(time) => return writer.tick([9; 16], *time),
        Entry::Event(event) => event,
    };
    let log_source = event.log_source.map(|n| {
        writer.log_source(LogSource {
            kind: Some(b"log"),
            product: Some(PRODUCTS[n]),
            ..LogSource::default()
        })
    });
    let raw = writer.text(&event.line);
    let message = event.message.clone();
    writer.event(&EventHead {
        id: event.id,
        time: event.times.0,
        received: event.times.1,
        log_source,
        source: event.source,
        cut: event.cut,
        raw,
        message: message.map_or(Span::ABSENT, |place| raw.part(place.start as u32, place.len() as u32)),
    });
    for (number, value) in &event.fields {
        let value = writer.text(value);
        writer.field(*number, FieldType::Text, value);
    }
    for (number, seen) in event.matches.iter().enumerate() {
        writer.begin_match(seen.pattern, seen.entry, seen.cut);
        match number % 2 {
            0 => writer.captures(seen.captures.iter().copied()),
            _ => seen.captures.iter().for_each(|capture| writer.capture(*capture)),
        }
    }
}

/// A section's kind, the bytes of a record, and its bytes.
type Section = (u32, usize, Vec<u8>);

fn put(section: &mut Section, numbers: &[u32]) {
    section.2.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn put_text(arena: &mut Section, text: &[u8]) -> [u32; 2] {
    arena.2.extend(text);
    [(arena.2.len() - text.len()) as u32, text.len() as u32]
}

fn expected(written: &[Entry]) -> Vec<u8> {
    let [mut entries, mut fields, mut matches, mut captures, mut sources, mut arena] =
        [(1, 88), (2, 16), (3, 16), (4, 16), (6, 32), (5, 1)]
            .map(|(kind, stride)| (kind, stride, Vec::new()));
    let mut known = Vec::new();
    let count = |section: &Section| (section.2.len() / section.1) as u32;
    for entry in written {
        let event = match entry {
            Entry::Tick(time) => {
                entries.2.extend([9; 16]);
                entries.2.extend(time.to_le_bytes());
                entries.2.extend(i64::MIN.to_le_bytes());
                put(&mut entries, &[1, ABSENT, 0, 0, ABSENT, 0, ABSENT, 0, 0, 0, 0, 0, 0, 0]);
                continue;
            }
            Entry::Event(event) => event,
        };
        let log_source = event.log_source.map_or(ABSENT, |source| {
            if let Some(index) = known.iter().position(|known| *known == source) {
                return index as u32;
            }
            for text in [Some(b"log".as_slice()), Some(PRODUCTS[source]), None, None] {
                let span = text.map_or([ABSENT, 0], |text| put_text(&mut arena, text));
                put(&mut sources, &span);
            }
            known.push(source);
            known.len() as u32 - 1
        });
        let raw = put_text(&mut arena, &event.line);
        let part = |place: &Range<usize>| [raw[0] + place.start as u32, place.len() as u32];
        entries.2.extend(event.id);
        entries.2.extend(event.times.0.unwrap_or(i64::MIN).to_le_bytes());
        entries.2.extend(event.times.1.unwrap_or(i64::MIN).to_le_bytes());
        put(&mut entries, &[0, log_source, u32::from(event.cut), event.source]);
        put(&mut entries, &raw);
        put(&mut entries, &event.message.as_ref().map_or([ABSENT, 0], part));
        put(&mut entries, &[count(&fields), event.fields.len() as u32]);
        put(&mut entries, &[count(&matches), event.matches.len() as u32, 0, 0]);
        for (number, value) in &event.fields {
            let [offset, length] = put_text(&mut arena, value);
            put(&mut fields, &[*number, FieldType::Text as u32, offset, length]);
        }
        for seen in &event.matches {
            let counted = u32::from(seen.cut) << 16 | seen.captures.len() as u32;
            put(&mut matches, &[seen.pattern, seen.entry.unwrap_or(ABSENT), count(&captures), counted]);
            for capture in &seen.captures {
                let (text, start, length) = capture.unwrap_or((0, ABSENT, 0));
                put(&mut captures, &[text, start, length, 0]);
            }
        }
    }
    frame(&[arena, entries, fields, matches, captures, sources])
}

fn frame(sections: &[Section]) -> Vec<u8> {
    let (mut table, mut bodies) = (Vec::new(), Vec::new());
    let start = 16 + 16 * sections.len();
    for (kind, stride, bytes) in sections {
        bodies.resize(usize::next_multiple_of(bodies.len(), 8), 0);
        let numbers = [*kind, (start + bodies.len()) as u32, (bytes.len() / stride) as u32, *stride as u32];
        table.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
        bodies.extend(bytes);
    }
    let length = (start + bodies.len()) as u32;
    let head =
        [b"TLB1".as_slice(), &length.to_le_bytes(), &[16, 0, sections.len() as u8, 0, 0, 0, 0, 0]].concat();
    [head, table, bodies].concat()
}

proptest! {
    #[test]
    fn a_batch_is_written_as_it_is_drawn(batches in vec(vec(entry(), 0..8), 1..3)) {
        let (mut writer, mut out) = (BatchWriter::new(), Vec::new());
        for entries in batches {
            entries.iter().for_each(|entry| write(&mut writer, entry));
            prop_assert_eq!((writer.entries() as usize, writer.is_empty()), (entries.len(), entries.is_empty()));
            let length = writer.len();
            writer.finish(&mut out);
            prop_assert_eq!(length, out.len());
            prop_assert_eq!(&out, &expected(&entries));
        }
    }
}
