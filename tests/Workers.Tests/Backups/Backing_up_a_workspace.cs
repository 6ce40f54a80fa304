using System.Text;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Events.Commands.Handling;
using Events.Fixtures;
using Events.Workers.Backups;
using Events.Workers.Exports;
using Events.Workers.Files;
using Events.Workers.Imports.Reading;
using Events.Workers.Imports.Running;
using Events.Workers.Tests.Hosting;

namespace Events.Workers.Tests.Backups;

public sealed class Backing_up_a_workspace(PostgresServer server) : IAsyncLifetime
{
    private Workshop workshop = null!;
    private Workspace workspace = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        workshop = await Workshop.OpenAsync(server);
        workspace = await workshop.FoundAsync();
        await workspace.RunAsync("issues.json", "gitlab-json", "[" + string.Join(',', Enumerable.Range(1, 30).Select(i =>
            $$"""{"id":{{i}},"title":"=Title {{i}}, \"größer\"","state":"closed","closed_at":"2022-10-06T14:27:36Z","author":{"username":"mia"},"weight":1.50}""")) + "]");
    }

    public ValueTask DisposeAsync() => workshop.DisposeAsync();

    [Fact]
    public async Task A_backup_restored_into_an_empty_workspace_has_an_equal_checksum_and_restoring_it_again_adds_nothing()
    {
        var backup = await BackUpAsync(workspace);
        var empty = await workshop.FoundAsync();
        var restored = await RestoreAsync(empty, backup);
        (await BackUpAsync(empty)).Split('\n')[1..^2].ShouldBe(backup.Split('\n')[1..^2]);
        restored.Equal.ShouldBeTrue();
        restored.Created.ShouldBe(restored.Events);
        (await BackUpAsync(empty)).Split('\n')[^2].ShouldBe(backup.Split('\n')[^2]);

        var again = await RestoreAsync(empty, backup);
        (again.Created, again.Existing, again.Equal).ShouldBe((0, restored.Events, true));
    }

    [Fact]
    public async Task A_restored_workspace_works_on_where_the_old_one_stood()
    {
        var empty = await workshop.FoundAsync();
        await RestoreAsync(empty, await BackUpAsync(workspace));
        var project = (await empty.EventsAsync("project_created")).Single();
        var context = new CommandContext(empty.Tenant, empty.Actor);
        var created = await workshop.Get<TaskCommands>().CreateAsync(context, new CreateTask(Guid.CreateVersion7(), project.StreamId, "New"), _ => throw new InvalidOperationException(), Ct);
        created.ShouldBeOfType<CommandResult<TaskState>.Done>().State.Number.ShouldBeGreaterThan(30);
        var taken = await workshop.Get<ProjectCommands>().CreateAsync(
            context, new CreateProject(Guid.CreateVersion7(), ((ProjectCreated)project.Body!).Key, "Other"), _ => throw new InvalidOperationException(), Ct);
        taken.ShouldBeOfType<CommandResult<ProjectState>.Refused>().Code.ShouldBe("project_key_taken");
    }

    [Fact]
    public async Task A_backup_that_was_cut_off_or_changed_is_refused()
    {
        var lines = (await BackUpAsync(workspace)).Split('\n');
        var empty = await workshop.FoundAsync();
        (await Should.ThrowAsync<UnreadableFileException>(() => RestoreAsync(empty, string.Join('\n', lines[..^3])))).Code.ShouldBe("backup_cut_off");
        (await Should.ThrowAsync<UnreadableFileException>(() => RestoreAsync(empty, string.Join('\n', lines).Replace("größer", "kleiner", StringComparison.Ordinal)))).Code.ShouldBe("backup_changed");
        (await Should.ThrowAsync<UnreadableFileException>(() => RestoreAsync(empty, "[]\n"))).Code.ShouldBe("not_a_backup");
    }

    [Fact]
    public async Task Tasks_are_exported_with_formulas_made_harmless_and_import_again_as_they_were()
    {
        var csv = await ExportAsync((export, position, stream) => export.WriteCsvAsync(workspace.Tenant, position, new ExportFilter(), stream, _ => { }, Ct));
        csv.ShouldContain("\"'=Title 1, \"\"größer\"\"\"");
        csv.Split("\r\n").Length.ShouldBe(32);
        var other = await workshop.FoundAsync();
        (await other.RunAsync("tasks.csv", "csv", csv)).ShouldSatisfyAllConditions(r => r.Created.ShouldBe(30), r => r.Warned.ShouldBe(0));
        ((TaskCreated)(await other.EventsAsync("task_created"))[0].Body!).Title.ShouldStartWith("=Title");

        var ndjson = await ExportAsync((export, position, stream) => export.WriteNdjsonAsync(workspace.Tenant, position, new ExportFilter(Status: WorkStatus.Done), stream, _ => { }, Ct));
        ndjson.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ShouldBe(30);
    }

    [Theory]
    [InlineData("=1+1", true)]
    [InlineData("+1 555", true)]
    [InlineData("-2", false)]
    [InlineData("-2+3", true)]
    [InlineData("@SUM(A1)", true)]
    [InlineData("\t=1", true)]
    [InlineData(" =1", true)]
    [InlineData("\uff1d1", true)]
    [InlineData("a=1", false)]
    [InlineData("", false)]
    public void What_a_spreadsheet_would_run_is_recognised(string cell, bool formula) => CsvWriter.IsFormula(cell).ShouldBe(formula);

    [Fact]
    public async Task Files_that_nobody_needs_any_more_are_swept_and_others_stay()
    {
        var kept = await workspace.UploadAsync("kept.csv", "title\nx");
        var (announced, _) = await workshop.Files.AnnounceAsync(workspace.Tenant, workspace.Actor, "never came.csv", 10, "text/csv", null, Ct);
        var sweep = new FileSweep(workshop.Get<FileTable>(), workshop.Files, workshop.Get<Platform.ObjectStorage.IObjectStore>(), new Later(), Microsoft.Extensions.Logging.Abstractions.NullLogger<FileSweep>.Instance);
        (await sweep.RunOnceAsync(Ct)).Files.ShouldBe(1);
        (await workshop.Files.FindAsync(workspace.Tenant, announced.Id, Ct)).ShouldBeNull();
        (await workshop.Files.FindAsync(workspace.Tenant, kept.Id, Ct)).ShouldNotBeNull();
    }

    private async Task<string> BackUpAsync(Workspace of)
    {
        using var file = new MemoryStream();
        var position = await workshop.Get<WorkspaceEvents>().PositionAsync(Ct);
        await workshop.Get<BackupWriter>().WriteAsync(of.Tenant, position, file, _ => { }, Ct);
        return Encoding.UTF8.GetString(file.ToArray());
    }

    private async Task<RestoreResult> RestoreAsync(Workspace into, string backup) =>
        await workshop.Get<Restore>().RunAsync(await into.ImportAsync("backup.ndjson", ImportFormats.EventsNdjson, backup), _ => { }, Ct);

    private async Task<string> ExportAsync(Func<TaskExport, long, Stream, Task> write)
    {
        using var file = new MemoryStream();
        await write(workshop.Get<TaskExport>(), await workshop.Get<WorkspaceEvents>().PositionAsync(Ct), file);
        return Encoding.UTF8.GetString(file.ToArray()).TrimStart('\uFEFF');
    }

    private sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromDays(2);
    }
}
