using System.ComponentModel.DataAnnotations;

namespace Events.Workers.Pacing;

/// <summary>Section <c>Events:Pace</c>: how imports, restores and undos go on while the process answers requests.</summary>
public sealed record PaceOptions
{
    public const string Section = "Events:Pace";

    /// <summary>Rows at a time while requests are answered.</summary>
    [Range(1, 5_000, ErrorMessage = "Events:Pace:Rows must be between 1 and 5000.")]
    public int Rows { get; set; } = 15;

    /// <summary>Per cent of the time that they work while requests are answered; they rest for the remainder.</summary>
    [Range(1, 100, ErrorMessage = "Events:Pace:Percent must be between 1 and 100.")]
    public int Percent { get; set; } = 30;

    /// <summary>Whether to go so at all times: for a process of the role <c>jobs</c> alone, which sees no requests.</summary>
    public bool Always { get; set; }
}
