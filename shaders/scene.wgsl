// What a scene's volume is made of: bindings, samples, kinds of voxels, tables. The twin of crates/raycast: `sampler.rs`,
// `lut.rs`, `cast/kinds.rs`. Imported by every pass that reads the volume.
#define_import_path fabrica::scene

// A clip in voxel coordinates: a point's depth in mm along an axis is dot(axis, (i, j, k, 1)).
struct Clip {
    axis_x: vec4<f32>,
    axis_y: vec4<f32>,
    axis_z: vec4<f32>,
    // Half the sides, mm.
    half: vec3<f32>,
    kind: u32,
}

const CLIP_PLANE: u32 = 1u;
const CLIP_INSIDE: u32 = 2u;
const CLIP_OUTSIDE: u32 = 3u;

struct VolumeUniform {
    // From millimetres in the box's axes to voxels; the centre of the first voxel is at 0.
    voxel_from_mm: mat4x4<f32>,
    // From voxels to voxels of the fused volume.
    fused_from_voxel: mat4x4<f32>,
    clips: array<Clip, 8>,
    // Half-space that is kept: direction and offset, positive inside. All zero: no clip plane.
    clip: vec4<f32>,
    // A point in the middle of the slab in the box's axes, mm, and its thickness; 0: no slab.
    slab: vec4<f32>,
    // Ambient, diffuse, specular, shininess.
    light: vec4<f32>,
    // Samples along i, j, k.
    dims: vec3<f32>,
    // Distance between samples on the ray, mm.
    step: f32,
    // Voxels per millimetre along i, j, k.
    per_mm: vec3<f32>,
    // Value = texture × value_scale + value_offset.
    value_scale: f32,
    fused_dims: vec3<f32>,
    fused_scale: f32,
    // Gradients between which shading sets in, values per mm.
    gradient: vec2<f32>,
    // Black and white of the window.
    window: vec2<f32>,
    value_offset: f32,
    // Value of the tables' first entry, and entries per value.
    lut_low: f32,
    lut_scale: f32,
    isovalue: f32,
    occlusion: f32,
    fused_offset: f32,
    fused_low: f32,
    fused_lut_scale: f32,
    // The layer that the fused volume's opacities hold for, mm.
    fused_length: f32,
    mode: u32,
    lit: u32,
    skip_empty: u32,
    // Whether there are structures or clips; how many combinations of structures and clips.
    has_kinds: u32,
    combinations: u32,
    clip_count: u32,
    // The kind of what belongs to no structure.
    rest: u32,
    // 0: nothing is fused; 1: added; 2: painted.
    fusion: u32,
    // The most rays along a side of a pixel.
    most_rays: f32,
}

const COMPOSITE: u32 = 0u;
const MIP: u32 = 1u;
const MINIP: u32 = 2u;
const AVERAGE: u32 = 3u;
const SURFACE: u32 = 4u;

const BLOCK_CELLS: f32 = 8.0;
const LIGHT_CELL: f32 = 4.0;
const LUT_ENTRIES: f32 = 4096.0;
const SHORT_SEGMENT: f32 = 2.0;
const FAR_AWAY: f32 = 1e30;
const SEVERAL: u32 = 65535u;
// Columns of the table of kinds.
const TABLE_WIDTH: u32 = 1024u;

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> volume: VolumeUniform;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var samples: texture_3d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var linear_sampler: sampler;
// Two rows a kind. First: extinction × colour and extinction per mm. Second: their running integral.
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var lut: texture_2d<f32>;
// Blocks to the nearest one that shows something, and the block's combination, or SEVERAL.
@group(#{MATERIAL_BIND_GROUP}) @binding(4) var blocks: texture_3d<u32>;
// Least and greatest value of each block.
@group(#{MATERIAL_BIND_GROUP}) @binding(5) var ranges: texture_3d<f32>;
// The combination of structures at each voxel.
@group(#{MATERIAL_BIND_GROUP}) @binding(6) var labels: texture_3d<u32>;
// The kind of each combination under each set of clips.
@group(#{MATERIAL_BIND_GROUP}) @binding(7) var kinds: texture_2d<u32>;
// For each kind, surface colour and silhouette, and below, its peel in mm.
@group(#{MATERIAL_BIND_GROUP}) @binding(8) var looks: texture_2d<f32>;
// How much light comes to each place.
@group(#{MATERIAL_BIND_GROUP}) @binding(9) var light_volume: texture_3d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(10) var fused_samples: texture_3d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(11) var fused_lut: texture_2d<f32>;

// What is at a position: the table's entry where there is one kind, else the mixture.
struct Taken {
    entry: f32,
    kind: u32,
    is_mixed: bool,
    mixed: vec4<f32>,
    // The greatest peel of the kinds that mix, mm.
    peel: f32,
}

fn value_at(at: vec3<f32>) -> f32 {
    let clamped = clamp(at, vec3(0.0), volume.dims - 1.0);
    let texture_value = textureSampleLevel(samples, linear_sampler, (clamped + 0.5) / volume.dims, 0.0).r;
    return texture_value * volume.value_scale + volume.value_offset;
}

fn entry_of(value: f32) -> f32 {
    return clamp((value - volume.lut_low) * volume.lut_scale, -1e7, 1e7);
}

fn block_of(at: vec3<f32>) -> vec3<i32> {
    return min(vec3<i32>(max(at, vec3(0.0)) / BLOCK_CELLS), vec3<i32>(textureDimensions(blocks)) - 1);
}

// The clips that cut at a position, a bit each.
fn cut_at(at: vec3<f32>) -> u32 {
    var cut = 0u;
    let point = vec4(at, 1.0);
    for (var n = 0u; n < volume.clip_count; n++) {
        let clip = volume.clips[n];
        let depth = vec3(dot(clip.axis_x, point), dot(clip.axis_y, point), dot(clip.axis_z, point));
        var is_cut = false;
        switch clip.kind {
            case CLIP_PLANE: { is_cut = depth.x < 0.0; }
            case CLIP_INSIDE: { is_cut = any(abs(depth) > clip.half); }
            case CLIP_OUTSIDE: { is_cut = all(abs(depth) < clip.half); }
            default: {}
        }
        cut |= u32(is_cut) << n;
    }
    return cut;
}

fn kind_of(combination: u32, cut: u32) -> u32 {
    let at = cut * volume.combinations + combination;
    return textureLoad(kinds, vec2(at % TABLE_WIDTH, at / TABLE_WIDTH), 0).r;
}

fn is_visible_kind(kind: u32) -> bool {
    return kind > 0u;
}

// The first corner of a position's cell, and where in the cell it lies.
struct Cell {
    first: vec3<i32>,
    part: vec3<f32>,
}

fn cell_of(at: vec3<f32>) -> Cell {
    let clamped = clamp(at, vec3(0.0), volume.dims - 1.0);
    let first = min(vec3<i32>(clamped), max(vec3<i32>(volume.dims) - 2, vec3(0)));
    return Cell(first, clamped - vec3<f32>(first));
}

fn corner_of(cell: Cell, corner: u32) -> vec3<i32> {
    let side = vec3<i32>(i32(corner & 1u), i32(corner >> 1u & 1u), i32(corner >> 2u));
    return min(cell.first + side, vec3<i32>(volume.dims) - 1);
}

fn weight_of(cell: Cell, corner: u32) -> f32 {
    let side = vec3(f32(corner & 1u), f32(corner >> 1u & 1u), f32(corner >> 2u));
    let weights = mix(1.0 - cell.part, cell.part, side);
    return weights.x * weights.y * weights.z;
}

fn sample_of(voxel: vec3<i32>) -> f32 {
    return textureLoad(samples, voxel, 0).r * volume.value_scale + volume.value_offset;
}

fn kind_of_voxel(voxel: vec3<i32>, cut: u32) -> u32 {
    return kind_of(textureLoad(labels, voxel, 0).r, cut);
}

// What is at a position in a block with this combination.
fn take(at: vec3<f32>, combination: u32) -> Taken {
    if volume.has_kinds == 0u {
        return Taken(entry_of(value_at(at)), volume.rest, false, vec4(0.0), 0.0);
    }
    let cut = cut_at(at);
    if combination != SEVERAL {
        return Taken(entry_of(value_at(at)), kind_of(combination, cut), false, vec4(0.0), 0.0);
    }
    return take_between(at, cut);
}

fn take_between(at: vec3<f32>, cut: u32) -> Taken {
    let cell = cell_of(at);
    var corner_kinds: array<u32, 8>;
    var is_one = true;
    for (var c = 0u; c < 8u; c++) {
        corner_kinds[c] = kind_of_voxel(corner_of(cell, c), cut);
        is_one = is_one && corner_kinds[c] == corner_kinds[0];
    }
    if is_one {
        return Taken(entry_of(value_at(at)), corner_kinds[0], false, vec4(0.0), 0.0);
    }
    var sum = vec4(0.0);
    var peel = 0.0;
    var kind = corner_kinds[0];
    var most = -1.0;
    for (var c = 0u; c < 8u; c++) {
        var is_first = true;
        for (var before = 0u; before < c; before++) {
            is_first = is_first && corner_kinds[before] != corner_kinds[c];
        }
        if !is_first {
            continue;
        }
        var share = 0.0;
        var value = 0.0;
        for (var other = c; other < 8u; other++) {
            if corner_kinds[other] == corner_kinds[c] {
                let weight = weight_of(cell, other);
                share += weight;
                value += weight * sample_of(corner_of(cell, other));
            }
        }
        if share > most {
            kind = corner_kinds[c];
            most = share;
        }
        if share > 0.0 && is_visible_kind(corner_kinds[c]) {
            peel = max(peel, textureLoad(looks, vec2(corner_kinds[c], 1u), 0).r);
            sum += share * lut_row(corner_kinds[c], entry_of(value / share), 0u);
        }
    }
    return Taken(0.0, kind, true, sum, peel);
}

// How much of what is at a position is peeled off, mm.
fn peel_of(taken: Taken) -> f32 {
    if taken.is_mixed {
        return taken.peel;
    }
    return textureLoad(looks, vec2(taken.kind, 1u), 0).r;
}

// The value of what is visible at a position, and whether at least half of it is.
struct Visible {
    value: f32,
    is_visible: bool,
}

fn visible_at(at: vec3<f32>, combination: u32) -> Visible {
    if volume.has_kinds == 0u {
        return Visible(value_at(at), is_visible_kind(volume.rest));
    }
    let cut = cut_at(at);
    if combination != SEVERAL {
        return Visible(value_at(at), is_visible_kind(kind_of(combination, cut)));
    }
    let cell = cell_of(at);
    var share = 0.0;
    var value = 0.0;
    for (var c = 0u; c < 8u; c++) {
        let voxel = corner_of(cell, c);
        if is_visible_kind(kind_of_voxel(voxel, cut)) {
            let weight = weight_of(cell, c);
            share += weight;
            value += weight * sample_of(voxel);
        }
    }
    return Visible(value / max(share, 1e-6), share >= 0.5);
}

// The trilinear share of a kind at a position.
fn share_of(at: vec3<f32>, kind: u32, cut: u32) -> f32 {
    let cell = cell_of(at);
    var share = 0.0;
    for (var c = 0u; c < 8u; c++) {
        if kind_of_voxel(corner_of(cell, c), cut) == kind {
            share += weight_of(cell, c);
        }
    }
    return share;
}

// The direction in which a kind fades at its border, per voxel.
fn border_of(at: vec3<f32>, kind: u32) -> vec3<f32> {
    let cut = cut_at(at);
    let x = vec3(1.0, 0.0, 0.0);
    let y = vec3(0.0, 1.0, 0.0);
    let z = vec3(0.0, 0.0, 1.0);
    return 0.5 * vec3(
        share_of(at + x, kind, cut) - share_of(at - x, kind, cut),
        share_of(at + y, kind, cut) - share_of(at - y, kind, cut),
        share_of(at + z, kind, cut) - share_of(at - z, kind, cut),
    );
}

// Central differences of the value over ±1 voxel, per voxel.
fn gradient_at(at: vec3<f32>) -> vec3<f32> {
    return 0.5 * vec3(
        value_at(at + vec3(1.0, 0.0, 0.0)) - value_at(at - vec3(1.0, 0.0, 0.0)),
        value_at(at + vec3(0.0, 1.0, 0.0)) - value_at(at - vec3(0.0, 1.0, 0.0)),
        value_at(at + vec3(0.0, 0.0, 1.0)) - value_at(at - vec3(0.0, 0.0, 1.0)),
    );
}

// How much light comes to a position, 0 to 1.
fn light_at(at: vec3<f32>) -> f32 {
    let dims = vec3<f32>(textureDimensions(light_volume));
    let cell = clamp((at + 0.5) / LIGHT_CELL - 0.5, vec3(0.0), dims - 1.0);
    return textureSampleLevel(light_volume, linear_sampler, (cell + 0.5) / dims, 0.0).r;
}

// The mean extinction × colour and extinction from one position to the next.
fn segment_between(a: Taken, b: Taken) -> vec4<f32> {
    if a.kind == b.kind && !a.is_mixed && !b.is_mixed {
        return segment(b.kind, a.entry, b.entry);
    }
    return 0.5 * (direct(a) + direct(b));
}

fn direct(taken: Taken) -> vec4<f32> {
    if taken.is_mixed {
        return taken.mixed;
    }
    return lut_row(taken.kind, taken.entry, 0u);
}

// The mean extinction × colour and extinction over all values between two entries.
fn segment(kind: u32, first: f32, second: f32) -> vec4<f32> {
    let across = second - first;
    if abs(across) < SHORT_SEGMENT {
        return lut_row(kind, (first + second) * 0.5, 0u);
    }
    return max((lut_sum(kind, second) - lut_sum(kind, first)) / across, vec4(0.0));
}

fn lut_sum(kind: u32, entry: f32) -> vec4<f32> {
    let inside = clamp(entry, 0.0, LUT_ENTRIES - 1.0);
    var sum = lut_row(kind, inside, 1u);
    if entry != inside {
        sum += lut_row(kind, inside, 0u) * (entry - inside);
    }
    return sum;
}

fn lut_row(kind: u32, entry: f32, row: u32) -> vec4<f32> {
    let inside = clamp(entry, 0.0, LUT_ENTRIES - 1.0);
    let at = min(u32(inside), u32(LUT_ENTRIES) - 2u);
    let a = textureLoad(lut, vec2(at, kind * 2u + row), 0);
    let b = textureLoad(lut, vec2(at + 1u, kind * 2u + row), 0);
    return a + (b - a) * (inside - f32(at));
}

// What the fused volume makes of a segment's mean.
fn fuse(middle: vec3<f32>, mean: vec4<f32>) -> vec4<f32> {
    let at = (volume.fused_from_voxel * vec4(middle, 1.0)).xyz;
    if any(at < vec3(-0.5)) || any(at > volume.fused_dims - 0.5) {
        return mean;
    }
    let clamped = clamp(at, vec3(0.0), volume.fused_dims - 1.0);
    let read = textureSampleLevel(fused_samples, linear_sampler, (clamped + 0.5) / volume.fused_dims, 0.0).r;
    let value = read * volume.fused_scale + volume.fused_offset;
    let inside = clamp((value - volume.fused_low) * volume.fused_lut_scale, 0.0, LUT_ENTRIES - 1.0);
    let index = min(u32(inside), u32(LUT_ENTRIES) - 2u);
    let a = textureLoad(fused_lut, vec2(index, 0u), 0);
    let b = textureLoad(fused_lut, vec2(index + 1u, 0u), 0);
    let own = a + (b - a) * (inside - f32(index));
    if own.a <= 0.0 {
        return mean;
    }
    if volume.fusion == 1u {
        return mean + own;
    }
    let share = 1.0 - exp(-own.a * volume.fused_length);
    return vec4(mix(mean.rgb, own.rgb * (mean.a / own.a), share), mean.a);
}
