using System.ComponentModel.DataAnnotations;
using Events.Workers.Imports.Reading;

namespace Events.Workers.Imports.Running;

/// <summary>Section <c>Events:Imports</c>.</summary>
public sealed record ImportOptions
{
    public const string Section = "Events:Imports";

    /// <summary>Rows that are appended together, and between two checkpoints.</summary>
    [Range(1, 5_000, ErrorMessage = "Events:Imports:ChunkRows must be between 1 and 5000.")]
    public int ChunkRows { get; set; } = 250;

    public UnpackLimits Unpack { get; set; } = new();
}
