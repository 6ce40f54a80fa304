using Events.Platform.Tenancy;
using Events.Workers.Imports.Reading;

namespace Events.Workers.Imports.Running;

/// <summary>An import as it was asked for, and how far it is.</summary>
/// <param name="Id">The job's.</param>
/// <param name="Source">Keeps two sources apart that number their rows alike; part of every task's identity.</param>
/// <param name="ProjectId">Null: a project of its own, named after the file.</param>
/// <param name="RequestedBy">The actor.</param>
public sealed record ImportRecord(
    TenantId Tenant,
    Guid Id,
    Guid FileId,
    string FileName,
    string Format,
    string Source,
    Guid? ProjectId,
    ImportMapping Mapping,
    bool DryRun,
    string RequestedBy)
{
    /// <summary>Rows up to here have their outcome stored.</summary>
    public long Checkpoint { get; init; }

    public ImportCounts Counts { get; init; } = ImportCounts.Zero;

    public Guid? ReportFileId { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public Guid? UndoId { get; init; }

    public long UndoCheckpoint { get; init; }

    public long Undone { get; init; }

    public long Kept { get; init; }
}

/// <param name="Created">Tasks made (in a dry run: that would be made).</param>
/// <param name="Existing">Rows whose task was there before; left as it is.</param>
/// <param name="Restored">Tasks that an undo had deleted and that are back.</param>
/// <param name="Failed">Rows without a task; the report says why.</param>
/// <param name="Warned">Rows with a task, and something to know.</param>
public sealed record ImportCounts(long Created, long Existing, long Restored, long Failed, long Warned)
{
    public static ImportCounts Zero { get; } = new(0, 0, 0, 0, 0);

    public long Rows => Created + Existing + Restored + Failed;

    public static ImportCounts operator +(ImportCounts a, ImportCounts b) =>
        new(a.Created + b.Created, a.Existing + b.Existing, a.Restored + b.Restored, a.Failed + b.Failed, a.Warned + b.Warned);
}

/// <summary>The job's result.</summary>
/// <param name="ReportFileId">The rows with problems, as CSV; null when there are none.</param>
public sealed record ImportResult(
    Guid ImportId,
    Guid? ProjectId,
    bool DryRun,
    long Rows,
    long Created,
    long Existing,
    long Restored,
    long Failed,
    long Warned,
    Guid? ReportFileId,
    double Seconds);
