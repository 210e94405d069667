// Ray casting of a volume: the twin of crates/raycast/src/volume.rs, which says why. The same samples at the same
// places, the same tables, the same arithmetic; a test holds the two pictures together (PSNR >= 40 dB).
//
// The box of the volume is drawn by its back faces, so that the eye may be inside. Positions along a ray are in
// millimetres from the eye, in axes of the box's own space (world axes, patient at the origin).

#import bevy_pbr::{
    forward_io::VertexOutput,
    mesh_functions,
    mesh_view_bindings::view,
}
#ifdef DEPTH_PREPASS
#import bevy_pbr::{prepass_utils, view_transformations}
#endif

struct VolumeUniform {
    // From millimetres in the box's axes to voxels; the centre of the first voxel is at 0.
    voxel_from_mm: mat4x4<f32>,
    // Half-space that is kept: direction and offset, positive inside. All zero: no clip plane.
    clip: vec4<f32>,
    // Samples along i, j, k.
    dims: vec3<f32>,
    // Distance between samples on the ray, mm.
    step: f32,
    // Voxels per millimetre along i, j, k.
    per_mm: vec3<f32>,
    // Value = texture × value_scale + value_offset.
    value_scale: f32,
    // Ambient, diffuse, specular, shininess.
    light: vec4<f32>,
    // Gradients between which shading sets in, values per mm.
    gradient: vec2<f32>,
    // Black and white of the window.
    window: vec2<f32>,
    value_offset: f32,
    // Value of the table's first entry, and entries per value.
    lut_low: f32,
    lut_scale: f32,
    mode: u32,
    lit: u32,
    skip_empty: u32,
}

const COMPOSITE: u32 = 0u;
const MIP: u32 = 1u;
const MINIP: u32 = 2u;
const AVERAGE: u32 = 3u;

const BLOCK_CELLS: f32 = 8.0;
const LUT_ENTRIES: f32 = 4096.0;
const SHORT_SEGMENT: f32 = 2.0;
const OPAQUE: f32 = 0.001;
const FAINT: f32 = 0.0005;
const CUT_SAMPLES: f32 = 4.0;
const FAR_AWAY: f32 = 1e30;

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> volume: VolumeUniform;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var samples: texture_3d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var linear_sampler: sampler;
// First row: extinction × colour and extinction per mm. Second row: their running integral.
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var lut: texture_2d<f32>;
// Blocks to the nearest one that is not transparent.
@group(#{MATERIAL_BIND_GROUP}) @binding(4) var occupancy: texture_3d<u32>;
// Least and greatest value of each block.
@group(#{MATERIAL_BIND_GROUP}) @binding(5) var ranges: texture_3d<f32>;

// The part of a ray to march along, in voxels.
struct Path {
    start: vec3<f32>,
    step: vec3<f32>,
    last: u32,
    // From the patient to the eye along i, j, k, unit length.
    to_eye: vec3<f32>,
    is_empty: bool,
}

@fragment
fn fragment(in: VertexOutput) -> @location(0) vec4<f32> {
    let forward = -view.world_from_view[2].xyz;
    var eye = view.world_position;
    var to_fragment = in.world_position.xyz - eye;
    if view.clip_from_view[3].w == 1.0 {
        // Orthographic: every ray starts on the plane through the eye.
        let depth = dot(to_fragment, forward);
        eye = in.world_position.xyz - forward * depth;
        to_fragment = forward;
    }
    var reach = FAR_AWAY;
#ifdef DEPTH_PREPASS
    // Opaque things end the ray.
    let depth_ndc = prepass_utils::prepass_depth(in.position, 0u);
    if depth_ndc > 0.0 {
        let depth = -view_transformations::depth_ndc_to_view_z(depth_ndc);
        reach = depth / max(dot(normalize(to_fragment), forward), 1e-6);
    }
#endif
    let box_from_world = mesh_functions::get_local_from_world(in.instance_index);
    let origin = (box_from_world * vec4(eye, 1.0)).xyz * 1000.0;
    let along = (box_from_world * vec4(normalize(to_fragment), 0.0)).xyz;
    let direction = normalize(along);
    let path = find_path(origin, direction, reach * length(along) * 1000.0);
    if path.is_empty {
        return vec4(0.0);
    }
    switch volume.mode {
        case MIP: { return grey(greatest(path)); }
        case MINIP: { return grey(least(path)); }
        case AVERAGE: { return grey(mean(path)); }
        default: { return composite(path); }
    }
}

fn find_path(origin_mm: vec3<f32>, direction_mm: vec3<f32>, reach: f32) -> Path {
    let origin = (volume.voxel_from_mm * vec4(origin_mm, 1.0)).xyz;
    let direction = (volume.voxel_from_mm * vec4(direction_mm, 0.0)).xyz;
    let high = volume.dims - 0.5;
    var near = 0.0;
    var far = reach;
    var misses = false;
    for (var a = 0; a < 3; a++) {
        if abs(direction[a]) > 1e-12 {
            let t0 = (-0.5 - origin[a]) / direction[a];
            let t1 = (high[a] - origin[a]) / direction[a];
            near = max(near, min(t0, t1));
            far = min(far, max(t0, t1));
        } else if origin[a] < -0.5 || origin[a] > high[a] {
            misses = true;
        }
    }
    if any(volume.clip.xyz != vec3(0.0)) {
        let height = dot(volume.clip.xyz, origin_mm) + volume.clip.w;
        let climb = dot(volume.clip.xyz, direction_mm);
        if abs(climb) < 1e-9 {
            misses = misses || height < 0.0;
        } else if climb > 0.0 {
            near = max(near, -height / climb);
        } else {
            far = min(far, -height / climb);
        }
    }
    var path: Path;
    path.is_empty = misses || near >= far;
    path.start = origin + direction * near;
    path.step = direction * volume.step;
    path.last = u32(max(far - near, 0.0) / volume.step);
    path.to_eye = normalize(-direction / volume.per_mm);
    return path;
}

fn composite(path: Path) -> vec4<f32> {
    var light = vec3(0.0);
    var clear = 1.0;
    // The table entry of the sample before, and whether it is known.
    var from_entry = 0.0;
    var known = false;
    var n = 0u;
    while n <= path.last {
        let here = path.start + path.step * f32(n);
        let block = block_of(here);
        let distance = textureLoad(occupancy, block, 0).r * volume.skip_empty;
        if distance > 0u && !known {
            n += leap(path, here, vec3<f32>(block), f32(distance));
            continue;
        }
        let to_entry = entry_at(here);
        if !known {
            from_entry = to_entry;
            if n > 0u {
                from_entry = entry_at(path.start + path.step * (f32(n) - 1.0));
            }
        }
        if n > 0u {
            let mean = segment(from_entry, to_entry);
            if mean.a > 0.0 {
                let opacity = 1.0 - exp(-mean.a * volume.step);
                var factor = 1.0;
                var highlight = 0.0;
                if volume.lit != 0u {
                    factor = volume.light.x + volume.light.y;
                    if opacity > FAINT {
                        let depth = min((f32(n) - 1.0) / CUT_SAMPLES, 1.0);
                        let shaded = shade(path.start + path.step * (f32(n) - 0.5), path.to_eye, depth);
                        factor = shaded.x;
                        highlight = shaded.y;
                    }
                }
                let weight = clear * opacity;
                light += mean.rgb * (weight * factor / mean.a) + weight * highlight;
                clear *= 1.0 - opacity;
                if clear < OPAQUE {
                    clear = 0.0;
                    break;
                }
            }
        }
        from_entry = to_entry;
        known = distance == 0u;
        n += 1u;
    }
    return vec4(light, 1.0 - clear);
}

// The factor of the colour, and the highlight to add; `most` limits the share of the shading.
fn shade(at: vec3<f32>, to_eye: vec3<f32>, most: f32) -> vec2<f32> {
    let difference = 0.5 * vec3(
        value_at(at + vec3(1.0, 0.0, 0.0)) - value_at(at - vec3(1.0, 0.0, 0.0)),
        value_at(at + vec3(0.0, 1.0, 0.0)) - value_at(at - vec3(0.0, 1.0, 0.0)),
        value_at(at + vec3(0.0, 0.0, 1.0)) - value_at(at - vec3(0.0, 0.0, 1.0)),
    );
    let gradient = difference * volume.per_mm;
    let strength = length(gradient);
    let unshaded = volume.light.x + volume.light.y;
    let share = clamp((strength - volume.gradient.x) / max(volume.gradient.y - volume.gradient.x, 1e-6), 0.0, most);
    if share == 0.0 {
        return vec2(unshaded, 0.0);
    }
    let facing = abs(dot(gradient, to_eye)) / strength;
    let shaded = volume.light.x + volume.light.y * facing;
    return vec2(mix(unshaded, shaded, share), share * volume.light.z * pow(facing, volume.light.w));
}

fn value_at(at: vec3<f32>) -> f32 {
    let clamped = clamp(at, vec3(0.0), volume.dims - 1.0);
    let texture_value = textureSampleLevel(samples, linear_sampler, (clamped + 0.5) / volume.dims, 0.0).r;
    return texture_value * volume.value_scale + volume.value_offset;
}

fn entry_at(at: vec3<f32>) -> f32 {
    return clamp((value_at(at) - volume.lut_low) * volume.lut_scale, -1e7, 1e7);
}

// The mean extinction × colour and extinction over all values between two entries.
fn segment(first: f32, second: f32) -> vec4<f32> {
    let across = second - first;
    if abs(across) < SHORT_SEGMENT {
        return lut_row((first + second) * 0.5, 0);
    }
    return max((lut_sum(second) - lut_sum(first)) / across, vec4(0.0));
}

fn lut_sum(entry: f32) -> vec4<f32> {
    let inside = clamp(entry, 0.0, LUT_ENTRIES - 1.0);
    var sum = lut_row(inside, 1);
    if entry != inside {
        sum += lut_row(inside, 0) * (entry - inside);
    }
    return sum;
}

fn lut_row(entry: f32, row: i32) -> vec4<f32> {
    let inside = clamp(entry, 0.0, LUT_ENTRIES - 1.0);
    let at = min(i32(inside), i32(LUT_ENTRIES) - 2);
    let a = textureLoad(lut, vec2(at, row), 0);
    let b = textureLoad(lut, vec2(at + 1, row), 0);
    return a + (b - a) * (inside - f32(at));
}

fn block_of(at: vec3<f32>) -> vec3<i32> {
    return min(vec3<i32>(max(at, vec3(0.0)) / BLOCK_CELLS), vec3<i32>(textureDimensions(occupancy)) - 1);
}

// How many samples to go on so as to leave the cube of blocks nearer than `reach`, at least 1.
fn leap(path: Path, here: vec3<f32>, block: vec3<f32>, reach: f32) -> u32 {
    let side = select(block + 1.0 - reach, block + reach, path.step > vec3(0.0));
    let run = (side * BLOCK_CELLS - here) / path.step;
    // Along an axis that the ray does not move on, nothing is left.
    let useful = select(run, vec3(FAR_AWAY), abs(path.step) < vec3(1e-12));
    let shortest = min(useful.x, min(useful.y, useful.z));
    return min(u32(clamp(shortest, 0.0, f32(path.last))) + 1u, path.last + 1u);
}

fn greatest(path: Path) -> f32 {
    var best = -FAR_AWAY;
    var n = 0u;
    while n <= path.last {
        let here = path.start + path.step * f32(n);
        let block = block_of(here);
        if volume.skip_empty != 0u && textureLoad(ranges, block, 0).g <= best {
            n += leap(path, here, vec3<f32>(block), 1.0);
            continue;
        }
        best = max(best, value_at(here));
        n += 1u;
    }
    return best;
}

fn least(path: Path) -> f32 {
    var best = FAR_AWAY;
    var n = 0u;
    while n <= path.last {
        let here = path.start + path.step * f32(n);
        let block = block_of(here);
        if volume.skip_empty != 0u && textureLoad(ranges, block, 0).r >= best {
            n += leap(path, here, vec3<f32>(block), 1.0);
            continue;
        }
        best = min(best, value_at(here));
        n += 1u;
    }
    return best;
}

fn mean(path: Path) -> f32 {
    var sum = 0.0;
    for (var n = 0u; n <= path.last; n++) {
        sum += value_at(path.start + path.step * f32(n));
    }
    return sum / f32(path.last + 1u);
}

// Window grey is display grey; the target takes light.
fn grey(value: f32) -> vec4<f32> {
    let shown = clamp((value - volume.window.x) / (volume.window.y - volume.window.x), 0.0, 1.0);
    let low = shown / 12.92;
    let high = pow((shown + 0.055) / 1.055, 2.4);
    return vec4(vec3(select(high, low, shown <= 0.04045)), 1.0);
}
