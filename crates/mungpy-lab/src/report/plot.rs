//! Bar plots as SVG.

use plotters::{
    coord::Shift,
    prelude::{
        ChartBuilder, Color, DrawingArea, IntoDrawingArea, IntoSegmentedCoord, RGBColor, Rectangle,
        SVGBackend, SegmentValue,
    },
    style::{FontTransform, TextStyle},
};

/// Width and height in pixels.
const SIZE: (u32, u32) = (760, 320);

/// Bars between 0 and 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Meaning of a bar's height.
    pub caption: String,
    /// Name and height of each bar, from left to right.
    pub bars: Vec<(String, f64)>,
    /// Of the bars.
    pub colour: PlotColour,
}

/// Colours of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlotColour {
    /// For what matters most.
    Ink,
    /// For what stands beside it.
    Faint,
}

impl Plot {
    /// The plot as an SVG element; an empty text if plotting fails.
    pub fn svg(&self) -> String {
        let mut svg = String::new();
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let result = draw(self, &area);
        drop(area);
        if result.is_ok() { svg } else { String::new() }
    }
}

impl PlotColour {
    fn rgb(self) -> RGBColor {
        match self {
            Self::Ink => RGBColor(226, 88, 62),
            Self::Faint => RGBColor(120, 140, 170),
        }
    }
}

fn draw(
    plot: &Plot,
    area: &DrawingArea<SVGBackend<'_>, Shift>,
) -> Result<(), Box<dyn std::error::Error>> {
    let count = plot.bars.len().max(1);
    let mut chart = ChartBuilder::on(area)
        .caption(&plot.caption, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(120)
        .y_label_area_size(40)
        .build_cartesian_2d((0..count - 1).into_segmented(), 0.0..1.0)?;
    let name = |place: &SegmentValue<usize>| match place {
        SegmentValue::CenterOf(i) | SegmentValue::Exact(i) => {
            plot.bars.get(*i).map_or(String::new(), |(name, _)| name.clone())
        }
        SegmentValue::Last => String::new(),
    };
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(count)
        .x_label_formatter(&name)
        .x_label_style(TextStyle::from(("sans-serif", 12)).transform(FontTransform::Rotate90))
        .draw()?;
    chart.draw_series(plot.bars.iter().enumerate().map(|(i, (_, value))| {
        let corners =
            [(SegmentValue::Exact(i), 0.0), (SegmentValue::Exact(i + 1), value.clamp(0.0, 1.0))];
        let mut bar = Rectangle::new(corners, plot.colour.rgb().filled());
        bar.set_margin(0, 0, 8, 8);
        bar
    }))?;
    area.present()?;
    Ok(())
}
