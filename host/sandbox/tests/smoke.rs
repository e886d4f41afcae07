#[path = "../../../tests/hostile/load.rs"]
mod load;
use std::time::{Duration,Instant};
use tripline_engine::Pack;
use tripline_engine::sandbox::*;
use tripline_sandbox::*;

#[test]
fn smoke() {
    let folder = load::folder(env!("CARGO_MANIFEST_DIR"));
    let pack = Pack::read(load::module(&folder, "good")).unwrap();
    let sandbox = Wasmtime::new(Limits::default()).unwrap();
    let module = sandbox.load(&pack).unwrap();
    let mut instance = module.instantiate().unwrap();
    instance.open(b"abc").unwrap().unwrap();
    let mut reply = vec![];
    instance.check(b"abc", 1, &mut reply).unwrap();
    for name in ["loop"] {
        let pack = Pack::read(load::module(&folder, name)).unwrap();
        let module = sandbox.load(&pack).unwrap();
        let mut instance = module.instantiate().unwrap();
        let t = Instant::now();
        println!("{:?} {:?}", instance.check(b"abc", 1, &mut reply), t.elapsed());
        println!("{:?}", instance.check(b"abc", 1, &mut reply));
        println!("{:?}", instance.usage());
    }
    std::thread::sleep(Duration::from_millis(300));
    let t = Instant::now();
    let _ = module.instantiate().unwrap();
    println!("{:?}", t.elapsed());
    let t = Instant::now();
    drop((sandbox, module, instance));
    println!("drop {:?}", t.elapsed());
}
