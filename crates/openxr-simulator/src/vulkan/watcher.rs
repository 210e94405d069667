//! Watches the graphics queue from a thread: when each frame's drawing ended, and what its images show.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use ash::vk;

use super::device::{Device, driver};
use super::formats::Pixels;
use super::readback::{Copy, Region};
use crate::refusal::{Answer, Refusal};

/// What becomes of a frame, told to the callback that came with it.
pub(crate) struct Finished {
    /// The pictures in the order of the copies, or what went wrong.
    pub pictures: Answer<Vec<(Region, Pixels)>>,
}

enum Work {
    Frame(Job),
    /// Answers when all before it is done.
    Flush(Sender<()>),
}

struct Job {
    fence: vk::Fence,
    commands: Option<vk::CommandBuffer>,
    copies: Vec<Copy>,
    done: Box<dyn FnOnce(Finished) + Send>,
}

/// The thread and the device that it shares with the session.
pub(crate) struct Watcher {
    pub device: Arc<Device>,
    jobs: Option<Sender<Work>>,
    /// Command buffers whose work has ended; freed where the pool may be touched.
    spent: Arc<Mutex<Vec<vk::CommandBuffer>>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    pub(crate) fn new(device: Device) -> Answer<Self> {
        let device = Arc::new(device);
        let (jobs, inbox) = channel::<Work>();
        let spent = Arc::default();
        let back: Arc<Mutex<Vec<_>>> = Arc::clone(&spent);
        let shared = Arc::clone(&device);
        let thread = std::thread::Builder::new()
            .name("openxr-simulator watcher".into())
            .spawn(move || {
                for work in inbox {
                    let job = match work {
                        Work::Frame(job) => job,
                        Work::Flush(reply) => {
                            let _ = reply.send(());
                            continue;
                        }
                    };
                    let pictures = finish(&shared, &job);
                    if let Some(commands) = job.commands {
                        back.lock().unwrap_or_else(PoisonError::into_inner).push(commands);
                    }
                    (job.done)(Finished { pictures });
                }
            })
            .map_err(|error| Refusal::failure(format!("no thread to be had: {error}")))?;
        Ok(Self { device, jobs: Some(jobs), spent, thread: Some(thread) })
    }

    /// Ends a frame on the queue: makes the copies, and calls `done` from the thread when the queue has come so far.
    /// Only inside `xrEndFrame`.
    pub(crate) fn end_frame(
        &self,
        copies: Vec<(vk::Image, Copy)>,
        done: Box<dyn FnOnce(Finished) + Send>,
    ) -> Answer<()> {
        let fns = &self.device.fns;
        self.free_spent();
        let commands = if copies.is_empty() {
            None
        } else {
            Some(self.device.record(|commands| {
                for (image, copy) in &copies {
                    self.device.record_copy(commands, *image, copy);
                }
            })?)
        };
        let batch: Vec<_> = commands.into_iter().collect();
        // SAFETY: the application keeps away from its queue during xrEndFrame.
        let fence = unsafe {
            let fence = fns.create_fence(&vk::FenceCreateInfo::default(), None).map_err(driver("vkCreateFence"))?;
            if let Err(error) =
                fns.queue_submit(self.device.queue, &[vk::SubmitInfo::default().command_buffers(&batch)], fence)
            {
                fns.destroy_fence(fence, None);
                return Err(driver("vkQueueSubmit")(error));
            }
            fence
        };
        let copies = copies.into_iter().map(|(_, copy)| copy).collect();
        let job = Job { fence, commands, copies, done };
        match self.jobs.as_ref().map(|jobs| jobs.send(Work::Frame(job))) {
            Some(Ok(())) => Ok(()),
            _ => Err(Refusal::failure("the watcher's thread is gone")),
        }
    }

    /// Under the runtime's lock, which guards the pool, or when nobody else has the watcher.
    fn free_spent(&self) {
        for commands in self.spent.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // SAFETY: its submission has ended.
            unsafe { self.device.fns.free_command_buffers(self.device.pool, &[commands]) };
        }
    }

    /// Waits for all frames under way. Not under the runtime's lock, which the callbacks of frames take.
    pub(crate) fn flush(&self) {
        let (reply, done) = channel();
        if self.jobs.as_ref().is_some_and(|jobs| jobs.send(Work::Flush(reply)).is_ok()) {
            let _ = done.recv();
        }
    }
}

impl Drop for Watcher {
    /// Waits for all that is under way: afterwards the application may destroy its images and device.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.free_spent();
    }
}

fn finish(device: &Device, job: &Job) -> Answer<Vec<(Region, Pixels)>> {
    // SAFETY: the fence was made for this job; waiting needs no synchronisation with the queue.
    let waited = unsafe { device.fns.wait_for_fences(&[job.fence], true, 60_000_000_000) };
    let pictures = match waited {
        Ok(()) => job.copies.iter().map(|copy| Ok((copy.region, device.read_copy(copy)?))).collect(),
        Err(error) => Err(driver("waiting for the frame's drawing")(error)),
    };
    if waited == Err(vk::Result::TIMEOUT) {
        // The queue still holds them: a leak is better than freeing what is in use.
        return pictures;
    }
    // SAFETY: waited for (or the device is lost, and then nothing runs on it any more).
    unsafe { device.fns.destroy_fence(job.fence, None) };
    for copy in &job.copies {
        device.free_copy(copy);
    }
    pictures
}
