//! What is common to all calls: the lock, the script, scripted failures, the log, and no panic across the border.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openxr_sys::Result as Code;

use super::debug;
use crate::model::state::Runtime;
use crate::refusal::{Answer, Refusal};

static RUNTIME: LazyLock<Mutex<Runtime>> = LazyLock::new(|| Mutex::new(crate::environment::runtime()));
static CHANGED: Condvar = Condvar::new();

/// The runtime. A panic in another call does not bar this one: it was answered with `XR_ERROR_RUNTIME_FAILURE`.
pub(crate) fn lock() -> MutexGuard<'static, Runtime> {
    RUNTIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets others have the lock until one of them has changed something, or for `longest`.
pub(crate) fn wait_for_change(guard: MutexGuard<'static, Runtime>, longest: Duration) -> MutexGuard<'static, Runtime> {
    CHANGED.wait_timeout(guard, longest).unwrap_or_else(PoisonError::into_inner).0
}

/// Tells those in `wait_for_change`.
pub(crate) fn changed() {
    CHANGED.notify_all();
}

/// Answers a call: `body` runs under the lock.
pub(super) fn call(name: &'static str, body: impl FnOnce(&mut Runtime) -> Answer) -> Code {
    call_waiting(name, |mut runtime| {
        let answer = body(&mut runtime);
        (runtime, answer)
    })
}

/// As [`call`] for those that give the lock away while they wait.
pub(super) fn call_waiting(
    name: &'static str,
    body: impl FnOnce(MutexGuard<'static, Runtime>) -> (MutexGuard<'static, Runtime>, Answer),
) -> Code {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let mut runtime = lock();
        runtime.run_script();
        let (runtime, answer) = match scripted_failure(&mut runtime, name) {
            Some(refusal) => (runtime, Err(refusal)),
            None => body(runtime),
        };
        finish(name, runtime, answer)
    }));
    outcome.unwrap_or_else(|_| {
        lock().log.problem(name, Some("XR_ERROR_RUNTIME_FAILURE".to_owned()), "the simulator panicked: a bug in it");
        Code::ERROR_RUNTIME_FAILURE
    })
}

fn scripted_failure(runtime: &mut Runtime, name: &str) -> Option<Refusal> {
    let failure = runtime.world.failures.get_mut(name)?;
    let result = failure.result;
    failure.times = failure.times.saturating_sub(1);
    if failure.times == 0 {
        runtime.world.failures.remove(name);
    }
    Some(Refusal::new(result, "as the script wants"))
}

fn finish(name: &'static str, mut runtime: MutexGuard<'static, Runtime>, answer: Answer) -> Code {
    let code = match answer {
        Ok(code) => code,
        Err(refusal) => {
            runtime.log.problem(name, Some(format!("XR_{:?}", refusal.code)), &refusal.why);
            refusal.code
        }
    };
    let after = std::mem::take(&mut runtime.after);
    let messages = debug::messages(&mut runtime);
    drop(runtime);
    changed();
    for work in after {
        work();
    }
    debug::deliver(messages);
    code
}
