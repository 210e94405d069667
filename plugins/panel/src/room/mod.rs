//! The panel in the room: the very panel of the desktop, drawn into a picture on a board that floats within reach.
//!
//! A pointer on the board is egui's mouse: by its ray, or by a fingertip that pokes. Squeezing carries the board.

mod board;
mod keyboard;
mod layout;
mod pointing;

use bevy::camera::RenderTarget;
use bevy::camera::visibility::RenderLayers;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy::render::render_resource::TextureFormat;
use bevy_egui::{EguiContext, EguiContextSettings, EguiPostUpdateSet, EguiSchedule};
use fabrica_scene::input::InputSystems;
use fabrica_scene::presence::ROOM_LAYER;

pub(crate) use keyboard::Keyboard;

/// The board's width and height, metres: a sheet of paper, held across.
pub(crate) const BOARD: Vec2 = Vec2::new(0.5, 0.46);
/// The picture's pixels a metre of board. From [`READING_DISTANCE`] that is over 25 a degree, what is legible.
pub(crate) const PIXELS_A_METRE: f32 = 2600.0;
/// The board is called to this distance from the eyes, metres.
pub(crate) const READING_DISTANCE: f32 = 0.6;
/// The picture's pixels in a point of egui: a line of text is 15 points, so that it is a degree high.
const PIXELS_A_POINT: f32 = 1.75;

/// When the panel in the room is drawn.
#[derive(ScheduleLabel, Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct RoomPanelPass;

/// The camera whose egui context is the panel's.
#[derive(Component)]
pub(crate) struct RoomPanel;

/// Adds the panel in the room.
pub(crate) fn add(app: &mut App) {
    app.init_resource::<board::BoardState>()
        .init_resource::<Keyboard>()
        .add_systems(Startup, spawn)
        .add_systems(PreUpdate, (board::summon, pointing::point, board::carry).chain().in_set(InputSystems::Panels))
        .add_systems(PostUpdate, board::follow.before(TransformSystems::Propagate).before(EguiPostUpdateSet::EndPass))
        .add_systems(RoomPanelPass, layout::draw);
}

/// The picture's size, pixels.
pub(crate) fn picture_size() -> UVec2 {
    (BOARD * PIXELS_A_METRE).as_uvec2()
}

fn spawn(
    mut commands: Commands,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let size = picture_size();
    let picture = images.add(Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None));
    commands.spawn((
        RoomPanel,
        Camera2d,
        // Before the eyes, which show the picture.
        Camera { order: -2, clear_color: ClearColorConfig::Custom(Color::srgb(0.105, 0.105, 0.11)), ..default() },
        RenderTarget::Image(picture.clone().into()),
        Msaa::Off,
        RenderLayers::none(),
        EguiContext::default(),
        EguiContextSettings { enable_cursor_icon_updates: false, ..default() },
        EguiSchedule::new(RoomPanelPass),
    ));
    commands.spawn((
        board::Board,
        Mesh3d(meshes.add(Rectangle::from_size(BOARD))),
        MeshMaterial3d(materials.add(StandardMaterial {
            base_color_texture: Some(picture),
            unlit: true,
            // Its back is dark: nobody reads a mirrored panel.
            ..default()
        })),
        Transform::default(),
        Visibility::Hidden,
        RenderLayers::layer(ROOM_LAYER),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_legible() {
        let metres_a_degree = READING_DISTANCE * 1f32.to_radians().tan();
        let pixels_a_degree = PIXELS_A_METRE * metres_a_degree;
        assert!(pixels_a_degree >= 25.0, "{pixels_a_degree}");
        // A line of body text of 15 points is at least 0.75° high.
        assert!(15.0 * PIXELS_A_POINT / pixels_a_degree >= 0.75);
    }
}
