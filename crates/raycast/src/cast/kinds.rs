//! What is at a position: one kind of voxel, or several between which it lies.

use fabrica_volume::Sample;
use glam::Vec3;

use super::March;
use crate::Lut;

/// What is at a position.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    /// The table's entry of the value, where there is one kind.
    pub entry: f32,
    /// The kind, or the one with the greatest share.
    pub kind: u16,
    /// Extinction × colour and extinction per mm, where kinds mix.
    pub mixed: Option<[f32; 4]>,
    /// The greatest peel of the kinds that mix, mm.
    peel: f32,
}

impl Taken {
    /// The mean extinction × colour and extinction from one position to the next.
    #[inline(always)]
    pub fn segment(&self, to: &Self, tables: &[crate::Material]) -> [f32; 4] {
        if self.kind == to.kind && self.mixed.is_none() && to.mixed.is_none() {
            return tables[usize::from(to.kind)].lut.segment(self.entry, to.entry);
        }
        let (a, b) = (self.direct(tables), to.direct(tables));
        std::array::from_fn(|c| 0.5 * (a[c] + b[c]))
    }

    /// How much of what is here is peeled off, mm.
    #[inline(always)]
    pub fn peel(&self, tables: &[crate::Material]) -> f32 {
        if self.mixed.is_some() { self.peel } else { tables[usize::from(self.kind)].peel }
    }

    fn direct(&self, tables: &[crate::Material]) -> [f32; 4] {
        self.mixed.unwrap_or_else(|| tables[usize::from(self.kind)].lut.at(self.entry))
    }
}

impl<T: Sample> March<'_, T> {
    fn lut(&self) -> &Lut {
        &self.tables.materials.all()[0].lut
    }

    /// What is at a position in a block.
    #[inline(always)]
    pub(super) fn take<const KINDS: bool>(&self, at: [f32; 3], block: usize) -> Taken {
        if !KINDS {
            return Taken {
                entry: self.lut().entry(self.sampler.value(at)),
                kind: self.tables.rest,
                mixed: None,
                peel: 0.0,
            };
        }
        let cut = self.frame.cut(at);
        let uniform = self.derived.uniform(block);
        match uniform {
            Some(combination) => {
                let kind = self.tables.materials.number(combination, cut);
                Taken { entry: self.lut().entry(self.sampler.value(at)), kind, mixed: None, peel: 0.0 }
            }
            None => self.take_between(at, cut),
        }
    }

    /// The kinds at the corners of a position's cell, and the corners' trilinear weights.
    fn corners(&self, at: [f32; 3], cut: u8) -> ([u16; 8], [f32; 8], usize) {
        let (base, offsets, weights) = self.sampler.corners(at);
        let kinds = offsets.map(|offset| {
            let combination = self.derived.combination(self.scene, base + offset);
            self.tables.materials.number(combination, cut)
        });
        (kinds, weights, base)
    }

    fn take_between(&self, at: [f32; 3], cut: u8) -> Taken {
        let (kinds, weights, base) = self.corners(at, cut);
        if kinds.iter().all(|&k| k == kinds[0]) {
            return Taken { entry: self.lut().entry(self.sampler.value(at)), kind: kinds[0], mixed: None, peel: 0.0 };
        }
        let (_, offsets, _) = self.sampler.corners(at);
        let (mut sum, mut peel) = ([0f32; 4], 0f32);
        let (mut kind, mut most) = (kinds[0], -1.0);
        for corner in 0..8 {
            // Each kind once, at its first corner.
            if kinds[..corner].contains(&kinds[corner]) {
                continue;
            }
            let (mut share, mut value) = (0f32, 0f32);
            for other in corner..8 {
                if kinds[other] == kinds[corner] {
                    share += weights[other];
                    value += weights[other] * self.sampler.sample(base + offsets[other]);
                }
            }
            if share > most {
                (kind, most) = (kinds[corner], share);
            }
            if share > 0.0 && kinds[corner] > 0 {
                let material = &self.tables.materials.all()[usize::from(kinds[corner])];
                let lut = &material.lut;
                peel = peel.max(material.peel);
                let direct = lut.at(lut.entry(value / share));
                (0..4).for_each(|c| sum[c] += share * direct[c]);
            }
        }
        Taken { entry: 0.0, kind, mixed: Some(sum), peel }
    }

    /// The value of what is visible at a position, or nothing where less than half is visible.
    pub(super) fn visible(&self, at: [f32; 3], block: usize) -> Option<f32> {
        let cut = self.frame.cut(at);
        if let Some(combination) = self.derived.uniform(block) {
            return (self.tables.materials.number(combination, cut) > 0).then(|| self.sampler.value(at));
        }
        let (kinds, weights, base) = self.corners(at, cut);
        let (_, offsets, _) = self.sampler.corners(at);
        let (mut share, mut value) = (0f32, 0f32);
        for corner in 0..8 {
            if kinds[corner] > 0 {
                share += weights[corner];
                value += weights[corner] * self.sampler.sample(base + offsets[corner]);
            }
        }
        (share >= 0.5).then(|| value / share)
    }

    /// The direction in which a kind fades at its border, as a gradient per voxel of its share.
    pub(super) fn border(&self, at: [f32; 3], kind: u16) -> Vec3 {
        let cut = self.frame.cut(at);
        let share = |index: usize| {
            let combination = self.derived.combination(self.scene, index);
            f32::from(u8::from(self.tables.materials.number(combination, cut) == kind))
        };
        Vec3::from_array(self.sampler.gradient_of(at, share))
    }
}
