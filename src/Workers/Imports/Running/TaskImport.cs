using System.Diagnostics;
using Events.Commands.Access;
using Events.Commands.Handling;
using Events.Commands.Numbering;
using Events.Commands.People;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Workers.Files;
using Events.Workers.Imports.Reading;
using Events.Workers.Pacing;

namespace Events.Workers.Imports.Running;

/// <summary>What an import says while it runs.</summary>
/// <param name="Rows">Done so far.</param>
/// <param name="Total">Estimated from the bytes read; exact at the end. Null while nothing is known.</param>
public sealed record ImportProgress(long Rows, long? Total, string Text);

/// <summary>
/// Brings a file's rows in as tasks. Rows go in chunks: look which tasks exist, write down what this import is about to make, append
/// the new ones all at once (group commit makes one transaction of them), then store the outcome and move the checkpoint. A task's id
/// follows from its row, and is only ever written where no stream stands: whatever is repeated changes nothing.
/// </summary>
internal sealed class TaskImport(
    ImportTable imports,
    ImportRows rows,
    ImportProjects projects,
    ImportLabels labels,
    ImportReport report,
    FileStore files,
    EventAppender appender,
    TaskNumbers numbers,
    TaskCommands tasks,
    Placeholders placeholders,
    WorkPace pace,
    WorkspacePeople people,
    ImportOptions options,
    TimeProvider time)
{
    /// <summary>Long rows make a chunk of fewer: what is appended together is in memory together, several times over.</summary>
    private const int ChunkChars = 1 << 18;

    /// <exception cref="UnreadableFileException">The file as a whole cannot be imported, or cannot be read to its end.</exception>
    public async Task<ImportResult> RunAsync(ImportRecord import, Action<ImportProgress> progress, CancellationToken ct)
    {
        var file = await files.FindAsync(import.Tenant, import.FileId, ct)
            ?? throw new UnreadableFileException("file_not_found", "The file is not there any more.");
        var project = await projects.ResolveAsync(import, ct);
        await imports.BeginAsync(import, import.DryRun ? import.ProjectId : project.Id, ct);

        var source = new ImportSource(token => files.OpenAsync(file, token), file.Size, options.Unpack);
        var run = new Run(import, project, new ImportedPeople(placeholders, people, project.Id, import, ImportedUnit.OwnMetadata(import)), time.GetTimestamp());
        UnreadableFileException? broken = null;
        var chunk = new List<ImportRow>(options.ChunkRows);
        try
        {
            var notes = new FileNotes();
            var began = time.GetTimestamp();
            var chars = 0L;
            await foreach (var row in ImportFormats.ReadAsync(import.Format, source, import.Mapping, notes, ct)
                .SkipWhile(row => row.Number <= import.Checkpoint).WithCancellation(ct))
            {
                chunk.Add(row);
                chars += row.Content?.Chars ?? 0;
                if (chunk.Count < pace.Burst(options.ChunkRows) && chars < ChunkChars)
                    continue;
                var before = run.Position;
                await TakeAsync(run, chunk, ct);
                progress(run.Progress(source, time));
                chunk.Clear();
                chars = 0;
                await pace.RestAsync(began, before, ct);
                began = time.GetTimestamp();
            }
        }
        catch (UnreadableFileException error) when (run.Checkpoint > 0 || chunk.Count > 0)
        {
            broken = error;
        }
        if (chunk.Count > 0)
            await TakeAsync(run, chunk, ct);
        if (broken is not null)
        {
            // What could be read is in; where it broke off stands last in the report.
            var problem = new RowProblem(run.Checkpoint + 1, null, null, broken.Code, broken.Message);
            await AdvanceAsync(run, problem.Row, new ImportCounts(0, 0, 0, 1, 0), [(problem, 0, true)], ct);
        }

        if (!import.DryRun)
            await LinkParentsAsync(run, ct);
        var reportFile = await report.WriteAsync(import, ct);
        await imports.FinishAsync(import, reportFile?.Id, ct);
        var counts = run.Counts;
        progress(new ImportProgress(counts.Rows, counts.Rows, broken is null ? "done" : "done as far as the file could be read"));
        return new ImportResult(
            import.Id, import.DryRun ? import.ProjectId : project.Id, import.DryRun, counts.Rows, counts.Created, counts.Existing, counts.Restored,
            counts.Failed, counts.Warned, reportFile?.Id, Math.Round(time.GetElapsedTime(run.StartedAt).TotalSeconds, 3));
    }

    private async Task TakeAsync(Run run, List<ImportRow> chunk, CancellationToken ct)
    {
        var import = run.Import;
        var counts = ImportCounts.Zero;
        var problems = new List<(RowProblem, int, bool)>();
        var wanted = new Dictionary<Guid, ImportRow>(chunk.Count);
        foreach (var row in chunk)
        {
            if (row.Content is null)
                Fail(row, row.Problems);
            else if (!wanted.TryAdd(ImportedUnit.TaskId(import, run.Project.Id, row.Content.SourceKey), row))
                Fail(row, [Duplicate(row)]);
        }

        var known = await rows.KnownAsync(import.Tenant, [.. wanted.Keys], ct);
        var fresh = new Dictionary<Guid, ImportRow>(wanted.Count);
        foreach (var (id, row) in wanted)
        {
            switch (known.GetValueOrDefault(id))
            {
                case null:
                    fresh.Add(id, row);
                    break;
                case { Undone: true }:
                    Warn(row);
                    counts += await RestoreAsync(run, id, row, ct);
                    break;
                // This import made it before its worker died: the count is still to be kept.
                case { ImportId: { } by, Row: var at } when by == import.Id && at == row.Number:
                    Warn(row);
                    counts += new ImportCounts(1, 0, 0, 0, 0);
                    break;
                case { ImportId: { } by } when by == import.Id:
                    Fail(row, [Duplicate(row)]);
                    break;
                default:
                    counts += new ImportCounts(0, 1, 0, 0, 0);
                    break;
            }
        }

        if (import.DryRun)
        {
            foreach (var row in fresh.Values)
                Warn(row);
            counts += new ImportCounts(fresh.Count, 0, 0, 0, 0);
        }
        else if (fresh.Count > 0)
        {
            foreach (var (row, refused) in await AppendAsync(run, fresh, ct))
            {
                if (refused is null)
                {
                    Warn(row);
                    counts += new ImportCounts(1, 0, 0, 0, 0);
                }
                else if (refused is { Code: "" })
                {
                    counts += new ImportCounts(0, 1, 0, 0, 0);
                }
                else
                {
                    Fail(row, [refused]);
                }
            }
        }
        await AdvanceAsync(run, chunk[^1].Number, counts, problems, ct);

        void Fail(ImportRow row, IReadOnlyList<RowProblem> reasons)
        {
            counts += new ImportCounts(0, 0, 0, 1, 0);
            for (var i = 0; i < reasons.Count; i++)
                problems.Add((reasons[i], i, true));
        }

        void Warn(ImportRow row)
        {
            if (row.Problems.Count > 0)
                counts += new ImportCounts(0, 0, 0, 0, 1);
            for (var i = 0; i < row.Problems.Count; i++)
                problems.Add((row.Problems[i], i, false));
        }
    }

    private static RowProblem Duplicate(ImportRow row) =>
        new(row.Number, null, null, "duplicate_key", $"An earlier row has the same key '{row.Content!.SourceKey}'; this one was not imported.");

    /// <returns>Each row with its problem; null: made; an empty code: another import was faster.</returns>
    private async Task<IReadOnlyList<(ImportRow Row, RowProblem? Problem)>> AppendAsync(Run run, Dictionary<Guid, ImportRow> fresh, CancellationToken ct)
    {
        var import = run.Import;
        await labels.DefineAsync(import, fresh.Values.SelectMany(static row => row.Content!.Labels), ct);
        var units = new List<(ImportRow Row, Guid Id, UnitOfWork Unit)>(fresh.Count);
        foreach (var (id, row) in fresh)
        {
            var people = await PeopleAsync(run, row.Content!, ct);
            var number = await numbers.NextAsync(import.Tenant, run.Project.Id, ct);
            units.Add((row, id, ImportedUnit.Of(import, run.Project, id, row.Number, row.Content!, number, person => person is null ? null : people[person])));
        }
        await rows.ClaimAsync(
            import.Tenant,
            import.Id,
            [
                .. units.Select(u => new MadeTask(
                    u.Id, u.Row.Number, u.Row.Content!.ParentSourceKey is { } parent ? ImportedUnit.TaskId(import, run.Project.Id, parent) : null, u.Unit.Streams[0].Events.Count)),
            ],
            ct);
        return await Task.WhenAll(units.Select(async u => (u.Row, await AppendAsync(run, u.Row, u.Unit, ct))));
    }

    private async Task<RowProblem?> AppendAsync(Run run, ImportRow row, UnitOfWork unit, CancellationToken ct)
    {
        while (true)
        {
            try
            {
                switch (await appender.AppendAsync(unit, ct))
                {
                    case AppendOutcome.Appended done:
                        run.Appended(done.Position);
                        return null;
                    case AppendOutcome.VersionConflict:
                        return new RowProblem(row.Number, null, null, "", "");
                    case var refused:
                        throw new UnreachableException($"The store answered {refused.GetType().Name} to a new stream.");
                }
            }
            catch (InvalidUnitException invalid)
            {
                return new RowProblem(row.Number, null, null, invalid.Code, invalid.Message);
            }
            catch (EventStoreBusyException busy)
            {
                // People's commands come first: the import waits its turn.
                await Task.Delay(busy.RetryAfter, time, ct);
            }
        }
    }

    private static async Task<Dictionary<ImportedPerson, Guid>> PeopleAsync(Run run, ImportedTask task, CancellationToken ct)
    {
        var ids = new Dictionary<ImportedPerson, Guid>();
        foreach (var person in task.Comments.Select(static c => c.Author).Append(task.Author).Append(task.Assignee).Append(task.ClosedBy))
        {
            if (person is not null && await run.People.IdOfAsync(person, ct) is { } id)
                ids[person] = id;
        }
        return ids;
    }

    /// <summary>An undo deleted it; importing the row again brings it back.</summary>
    private async Task<ImportCounts> RestoreAsync(Run run, Guid id, ImportRow row, CancellationToken ct)
    {
        if (run.Import.DryRun)
            return new ImportCounts(0, 0, 1, 0, 0);
        var result = await tasks.ChangeAsync(Context(run.Import), id, new RestoreTask(), NoAnswer, ct);
        if (result is not CommandResult<TaskState>.Done done)
            return new ImportCounts(0, 1, 0, 0, 0);
        await rows.ClaimAsync(run.Import.Tenant, run.Import.Id, [new MadeTask(id, row.Number, null, done.Version)], ct);
        return new ImportCounts(0, 0, 1, 0, 0);
    }

    /// <summary>Puts tasks under their parents once all of them are there; a parent that never came is no error of the child.</summary>
    private async Task LinkParentsAsync(Run run, CancellationToken ct)
    {
        var import = run.Import;
        var after = 0L;
        IReadOnlyList<MadeTask> page;
        do
        {
            page = await rows.PageAsync(import.Tenant, import.Id, after, withParent: true, options.ChunkRows, ct);
            foreach (var task in page)
            {
                var result = await tasks.ChangeAsync(Context(import), task.TaskId, new ReparentTask(task.ParentId), NoAnswer, ct);
                if (result is CommandResult<TaskState>.Done { Events.Count: > 0 } done && done.Version == task.Version + 1)
                    await rows.ChangedAsync(import.Tenant, task.TaskId, done.Version, ct);
            }
            after = page.Count > 0 ? page[^1].Row : after;
        }
        while (page.Count == options.ChunkRows);
    }

    private async Task AdvanceAsync(Run run, long to, ImportCounts counts, List<(RowProblem, int, bool)> problems, CancellationToken ct)
    {
        var kept = problems;
        if (run.Problems + problems.Count > ImportTable.MaxProblems)
            kept = [.. problems.Take((int)Math.Max(0, ImportTable.MaxProblems - run.Problems))];
        if (!await imports.AdvanceAsync(run.Import, run.Checkpoint, to, counts, kept, ct))
            throw new InvalidOperationException("Another worker goes on with this import.");
        run.Advanced(to, counts, problems.Count);
    }

    private static CommandContext Context(ImportRecord import) => new(import.Tenant, import.RequestedBy)
    {
        MayModerate = true,
        CorrelationId = import.Id.ToString("D"),
        Headers = new Dictionary<string, string> { ["import"] = import.Id.ToString("D") },
    };

    private static StoredAnswer NoAnswer(CommandResult<TaskState>.Done done) => throw new InvalidOperationException("There is no idempotency key.");

    private sealed class Run(ImportRecord import, TargetProject project, ImportedPeople people, long startedAt)
    {
        private long position;

        public ImportRecord Import => import;

        public TargetProject Project => project;

        public ImportedPeople People => people;

        public long StartedAt => startedAt;

        /// <summary>Of the newest event that this run appended.</summary>
        public long Position => Interlocked.Read(ref position);

        public long Checkpoint { get; private set; } = import.Checkpoint;

        public ImportCounts Counts { get; private set; } = import.Counts;

        public long Problems { get; private set; } = import.Counts.Failed + import.Counts.Warned;

        /// <summary>Appends of a burst end side by side.</summary>
        public void Appended(long at)
        {
            for (var seen = Position; seen < at;)
                seen = Interlocked.CompareExchange(ref position, at, seen);
        }

        public void Advanced(long to, ImportCounts counts, int problems)
        {
            Checkpoint = to;
            Counts += counts;
            Problems += problems;
        }

        public ImportProgress Progress(ImportSource source, TimeProvider time)
        {
            var seconds = Math.Max(0.001, time.GetElapsedTime(startedAt).TotalSeconds);
            var here = Checkpoint - import.Checkpoint;
            var share = source.Size == 0 ? 1 : Math.Clamp((double)source.Consumed / source.Size, 0.0001, 1);
            var total = Math.Max(Checkpoint, (long)(Checkpoint / share));
            var rate = here / seconds;
            var left = rate > 0 ? TimeSpan.FromSeconds((total - Checkpoint) / rate) : TimeSpan.Zero;
            var failed = Counts.Failed > 0 ? $", {Counts.Failed:N0} with errors" : "";
            return new ImportProgress(Checkpoint, total, $"{rate:N0} rows/s, about {Words(left)} left{failed}");
        }

        private static string Words(TimeSpan left) => left.TotalSeconds < 90 ? $"{Math.Ceiling(left.TotalSeconds):N0} s" : $"{Math.Ceiling(left.TotalMinutes):N0} min";
    }
}
