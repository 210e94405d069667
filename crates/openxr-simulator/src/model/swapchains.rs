//! Swapchains: the order in which images are acquired, waited for and released (xr spec 10.1).

use std::collections::VecDeque;

use crate::refusal::{Answer, Refusal, refuse};
use crate::vulkan::{Device, Format, Image};

/// An `XrSwapchain`.
#[derive(Debug)]
pub(crate) struct Swapchain {
    pub format: Format,
    pub width: u32,
    pub height: u32,
    pub layers: u32,
    pub images: Vec<Image>,
    pub ring: Ring,
    /// Whether the images are in their promised layout.
    pub prepared: bool,
}

impl Swapchain {
    pub(crate) fn free(self, device: &Device) {
        for image in self.images {
            device.destroy_image(image);
        }
    }
}

/// Which images are with the application.
#[derive(Debug)]
pub(crate) struct Ring {
    count: usize,
    /// A static swapchain's only image may be acquired once.
    once: bool,
    next: usize,
    acquired: VecDeque<usize>,
    waited: bool,
    released: Option<usize>,
}

impl Ring {
    pub(crate) fn new(count: usize, once: bool) -> Self {
        Self { count, once, next: 0, acquired: VecDeque::new(), waited: false, released: None }
    }

    /// `xrAcquireSwapchainImage`: the image that was released longest ago.
    pub(crate) fn acquire(&mut self) -> Answer<usize> {
        if self.once && (self.released.is_some() || !self.acquired.is_empty()) {
            return Err(Refusal::order("the image of a static swapchain can be acquired only once"));
        }
        if self.acquired.len() == self.count {
            return Err(Refusal::order(format!("all {} images are acquired: release one", self.count)));
        }
        let index = self.next;
        self.next = (self.next + 1) % self.count;
        self.acquired.push_back(index);
        Ok(index)
    }

    /// `xrWaitSwapchainImage`, of the image acquired longest ago.
    pub(crate) fn wait(&mut self) -> Answer<()> {
        if self.acquired.is_empty() {
            return Err(Refusal::order("xrWaitSwapchainImage without an acquired image"));
        }
        if self.waited {
            return Err(Refusal::order("an image was waited for and not yet released"));
        }
        self.waited = true;
        Ok(())
    }

    /// `xrReleaseSwapchainImage`, of the image waited for.
    pub(crate) fn release(&mut self) -> Answer<()> {
        if !std::mem::take(&mut self.waited) {
            return Err(Refusal::order("xrReleaseSwapchainImage without xrWaitSwapchainImage"));
        }
        self.released = self.acquired.pop_front();
        Ok(())
    }

    /// The image that a layer shows: the one released last.
    pub(crate) fn shown(&self) -> Answer<usize> {
        match self.released {
            Some(index) => Ok(index),
            None => refuse!(ERROR_LAYER_INVALID, "the swapchain has no image that was ever released"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_kept() {
        let mut ring = Ring::new(2, false);
        assert!(ring.wait().is_err() && ring.release().is_err() && ring.shown().is_err());
        assert_eq!(ring.acquire().unwrap(), 0);
        assert!(ring.release().is_err(), "not waited for");
        assert_eq!(ring.acquire().unwrap(), 1);
        assert!(ring.acquire().is_err(), "both acquired");
        ring.wait().unwrap();
        assert!(ring.wait().is_err(), "waited twice");
        ring.release().unwrap();
        assert_eq!(ring.shown().unwrap(), 0);
        assert_eq!(ring.acquire().unwrap(), 0);
        ring.wait().unwrap();
        ring.release().unwrap();
        assert_eq!(ring.shown().unwrap(), 1);
    }

    #[test]
    fn a_static_image_comes_once() {
        let mut ring = Ring::new(1, true);
        ring.acquire().unwrap();
        assert!(ring.acquire().is_err());
        ring.wait().unwrap();
        ring.release().unwrap();
        assert!(ring.acquire().is_err());
        assert_eq!(ring.shown().unwrap(), 0);
    }
}
