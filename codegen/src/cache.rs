//! Machine code kept for the next statement of the same shape.
//!
//! The key is the shape, the options and the host's features; literals, parameters and places in
//! the text are not part of it, so a prepared statement and an ad-hoc one with other constants hit.
//! Least recently used code goes first when the bytes exceed the limit. A kernel in use stays alive
//! until its last user drops it.

use std::collections::HashMap;
use std::sync::Arc;

use ir::KernelSpec;
use parking_lot::Mutex;

use crate::error::Unsupported;
use crate::host;
use crate::kernel::{CompileOptions, Kernel, Machine};
use crate::lower::lower;
use crate::shape::Shape;

/// What the cache did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Lookups that found code.
    pub hits: u64,
    /// Lookups that had to compile.
    pub misses: u64,
    /// Specs that have no machine code.
    pub unsupported: u64,
    /// Entries dropped for room.
    pub evictions: u64,
    /// Entries held.
    pub entries: u64,
    /// Bytes of code held.
    pub code_bytes: u64,
    /// Microseconds spent compiling.
    pub compile_micros: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    shape: Arc<Shape>,
    options: CompileOptions,
    features: Arc<str>,
}

struct Entry {
    machine: Arc<Machine>,
    used: u64,
}

#[derive(Default)]
struct Contents {
    entries: HashMap<Key, Entry>,
    clock: u64,
    counters: CacheCounters,
}

/// A cache of machine code, shared by the sessions of a database.
pub struct Cache {
    contents: Mutex<Contents>,
    bytes_max: u64,
}

impl Cache {
    /// Returns an empty cache that keeps at most `bytes_max` bytes of code.
    pub fn new(bytes_max: u64) -> Cache {
        Cache { contents: Mutex::default(), bytes_max }
    }

    /// Returns the kernel of `spec`, compiled now if it is not known.
    ///
    /// Two threads that miss at once both compile; the second result is dropped. That is cheaper
    /// than a lock held for as long as a compilation.
    ///
    /// # Errors
    /// [`Unsupported`] as of [`compile`](crate::compile).
    pub fn kernel(
        &self,
        spec: &KernelSpec,
        options: CompileOptions,
    ) -> Result<Arc<Kernel>, Unsupported> {
        let lowered = lower(spec, options.grouped);
        let (shape, bindings) = lowered.inspect_err(|_| self.count_unsupported())?;
        let key = Key { shape: Arc::new(shape), options, features: host::features() };
        let machine = match self.known(&key) {
            Some(machine) => machine,
            None => self.compile(key).inspect_err(|_| self.count_unsupported())?,
        };
        Kernel::bind(machine, bindings).map(Arc::new)
    }

    /// Returns the kernel of `spec` if its code is there.
    pub fn peek(&self, spec: &KernelSpec, options: CompileOptions) -> Option<Arc<Kernel>> {
        let (shape, bindings) = lower(spec, options.grouped).ok()?;
        let key = Key { shape: Arc::new(shape), options, features: host::features() };
        Kernel::bind(self.known(&key)?, bindings).ok().map(Arc::new)
    }

    /// Returns what the cache did so far.
    pub fn counters(&self) -> CacheCounters {
        self.contents.lock().counters
    }

    fn count_unsupported(&self) {
        self.contents.lock().counters.unsupported += 1;
    }

    fn known(&self, key: &Key) -> Option<Arc<Machine>> {
        let mut contents = self.contents.lock();
        contents.clock += 1;
        let now = contents.clock;
        let entry = contents.entries.get_mut(key)?;
        entry.used = now;
        let machine = Arc::clone(&entry.machine);
        contents.counters.hits += 1;
        Some(machine)
    }

    fn compile(&self, key: Key) -> Result<Arc<Machine>, Unsupported> {
        let machine = Arc::new(Machine::compile(Arc::clone(&key.shape), key.options)?);
        let mut contents = self.contents.lock();
        contents.counters.misses += 1;
        contents.counters.compile_micros += u64::from(machine.compile_micros);
        contents.insert(key, &machine);
        contents.evict(self.bytes_max);
        Ok(machine)
    }
}

impl Contents {
    fn insert(&mut self, key: Key, machine: &Arc<Machine>) {
        self.clock += 1;
        let entry = Entry { machine: Arc::clone(machine), used: self.clock };
        self.counters.code_bytes += u64::from(machine.code_bytes);
        match self.entries.insert(key, entry) {
            Some(old) => self.counters.code_bytes -= u64::from(old.machine.code_bytes),
            None => self.counters.entries += 1,
        }
    }

    /// Drops the least recently used until the bytes fit; the newest stays whatever its size.
    fn evict(&mut self, bytes_max: u64) {
        while self.counters.code_bytes > bytes_max && self.entries.len() > 1 {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used);
            let oldest = oldest.map(|(key, _)| key.clone()).expect("there are entries");
            let dropped = self.entries.remove(&oldest).expect("the key was just found");
            self.counters.code_bytes -= u64::from(dropped.machine.code_bytes);
            self.counters.entries -= 1;
            self.counters.evictions += 1;
        }
    }
}
