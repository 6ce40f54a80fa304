using System.Globalization;
using Events.Commands.Handling;
using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Commands.Tasks;
using Events.Fixtures;
using Events.Messaging.Jobs;
using Events.Messaging.Running;
using Events.Messaging.Sending;
using Events.Workers.Imports;
using Events.Workers.Imports.Reading;
using Events.Workers.Imports.Running;
using Events.Workers.Tests.Hosting;

namespace Events.Workers.Tests.Imports;

public sealed class Running_imports(PostgresServer server) : IAsyncLifetime
{
    private Workshop workshop = null!;
    private Workspace workspace = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        workshop = await Workshop.OpenAsync(server);
        workspace = await workshop.FoundAsync("ann@example.com");
    }

    public ValueTask DisposeAsync() => workshop.DisposeAsync();

    private static string Csv(int rows) => "id,title,description\n" + string.Concat(Enumerable.Range(1, rows).Select(i => $"{i},Task {i},\"Line\nof {i}\"\n"));

    [Fact]
    public async Task Rows_become_tasks_with_their_authors_times_comments_and_closing()
    {
        var result = await workspace.RunAsync("issues.json", "gitlab-json", """
            [{"id": 7, "title": "Imported", "state": "closed", "created_at": "2022-09-01T20:41:24.178Z", "closed_at": "2022-10-06T14:27:36Z",
              "author": {"username": "mia", "name": "Mia"}, "closed_by": {"username": "leo", "name": "Leo"}, "assignee": {"username": "ann", "name": "Ann", "email": "ann@example.com"},
              "labels": ["bug"], "due_date": "2022-09-16", "weight": 2, "notes": [{"id": 1, "body": "seen", "author": {"username": "leo", "name": "Leo"}, "created_at": "2022-09-02T00:00:00Z"}]}]
            """);
        result.ShouldSatisfyAllConditions(() => result.Created.ShouldBe(1), () => result.Failed.ShouldBe(0), () => result.ReportFileId.ShouldBeNull());

        var task = (await workspace.EventsAsync()).Where(e => e.Type is "task_created" or "comment_added" or "task_status_changed").ToList();
        var created = task[0].Body.ShouldBeOfType<TaskCreated>();
        created.Title.ShouldBe("Imported");
        created.Key.ShouldBe("ISSUES-1");
        created.AssigneeId.ShouldBe(workspace.Owner);
        created.Labels.ShouldBe(["bug"]);
        task[0].OccurredAt.ShouldBe(DateTimeOffset.Parse("2022-09-01T20:41:24.178Z", CultureInfo.InvariantCulture));
        task[0].Metadata.Headers!["imported-by"].ShouldBe(workspace.Actor);
        var mia = Guid.Parse(task[0].Metadata.Actor!);
        task[1].Body.ShouldBeOfType<CommentAdded>().Body.ShouldBe("seen");
        task[1].OccurredAt.ShouldBe(DateTimeOffset.Parse("2022-09-02T00:00:00Z", CultureInfo.InvariantCulture));
        task[2].Body.ShouldBe(new TaskStatusChanged(WorkStatus.Todo, WorkStatus.Done));
        task[2].OccurredAt.ShouldBe(DateTimeOffset.Parse("2022-10-06T14:27:36Z", CultureInfo.InvariantCulture));
        task[2].Metadata.Actor.ShouldBe(task[1].Metadata.Actor);

        var noted = (await workspace.EventsAsync("placeholder_noted")).ToDictionary(e => e.StreamId, e => (PlaceholderNoted)e.Body!);
        noted.Count.ShouldBe(2);
        (await workshop.Get<SubjectKeys>().OpenAsync(noted[mia].Name, Ct)).ShouldBe("Mia");
        (await workspace.EventsAsync("label_defined")).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_same_file_again_changes_nothing()
    {
        (await workspace.RunAsync("plan.csv", "csv", Csv(25))).Created.ShouldBe(25);
        var before = await workspace.EventsAsync();
        var again = await workspace.RunAsync("plan.csv", "csv", Csv(25));
        (again.Created, again.Existing, again.Failed).ShouldBe((0, 25, 0));
        (await workspace.EventsAsync()).Count.ShouldBe(before.Count);
        var longer = await workspace.RunAsync("plan.csv", "csv", Csv(27));
        (longer.Created, longer.Existing).ShouldBe((2, 25));
    }

    [Fact]
    public async Task A_worker_that_dies_half_way_is_followed_by_one_that_goes_on_without_a_duplicate()
    {
        var import = await workspace.ImportAsync("plan.csv", "csv", Csv(95));
        using var death = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(() => workspace.RunAsync(
            import,
            progress =>
            {
                if (progress.Rows >= 30)
                    death.Cancel();
            },
            death.Token));
        var at = (await workshop.Get<ImportTable>().FindAsync(workspace.Tenant, import.Id, Ct))!;
        at.Checkpoint.ShouldBeInRange(30, 90);

        var result = await workspace.RunAsync(import);
        (result.Created, result.Existing, result.Failed, result.Rows).ShouldBe((95, 0, 0, 95));
        var keys = (await workspace.EventsAsync("task_created")).Select(e => ((TaskCreated)e.Body!).Title).ToList();
        keys.Count.ShouldBe(95);
        keys.Distinct().Count().ShouldBe(95);
    }

    [Fact]
    public async Task A_worker_that_was_only_thought_dead_cannot_count_twice()
    {
        var import = await workspace.ImportAsync("plan.csv", "csv", Csv(40));
        var overtaken = await Should.ThrowAsync<InvalidOperationException>(() => workspace.RunAsync(
            import,
            progress =>
            {
                if (progress.Rows == 10)
                    workspace.RunAsync(import).GetAwaiter().GetResult();
            }));
        overtaken.Message.ShouldContain("Another worker");
        (await workshop.Get<ImportTable>().FindAsync(workspace.Tenant, import.Id, Ct))!.Counts.ShouldBe(new ImportCounts(40, 0, 0, 0, 0));
        (await workspace.EventsAsync("task_created")).Count.ShouldBe(40);
    }

    [Fact]
    public async Task Rows_with_errors_end_in_a_report_and_do_not_stop_the_rest()
    {
        var result = await workspace.RunAsync("plan.csv", "csv", "id,title,status\n1,good,todo\n2,,todo\n3,odd,=cmd()\nbroken\n1,again,todo\n5,last,done\n");
        (result.Created, result.Failed, result.Warned, result.Rows).ShouldBe((3, 3, 1, 6));
        var report = await workspace.ReadAsync(result.ReportFileId!.Value);
        report.ShouldContain("missing_title");
        report.ShouldContain("wrong_column_count");
        report.ShouldContain("duplicate_key");
        report.ShouldContain("unknown_status");
    }

    [Fact]
    public async Task A_dry_run_counts_and_writes_nothing()
    {
        var before = (await workspace.EventsAsync()).Count;
        var result = await workspace.RunAsync("plan.csv", "csv", Csv(12) + "13,,\n", dryRun: true);
        (result.Created, result.Failed, result.DryRun).ShouldBe((12, 1, true));
        (await workspace.EventsAsync()).Count.ShouldBe(before);
    }

    [Fact]
    public async Task An_undo_deletes_what_nobody_has_touched_and_importing_again_brings_it_back()
    {
        var import = await workspace.ImportAsync("plan.csv", "csv", Csv(25));
        await workspace.RunAsync(import);
        var touched = (await workspace.EventsAsync("task_created"))[3].StreamId;
        await workshop.Get<TaskCommands>().ChangeAsync(
            new CommandContext(workspace.Tenant, workspace.Actor), touched, new RetitleTask("Mine now"), _ => throw new InvalidOperationException(), Ct);

        var undo = new UndoImport(import.Id, WithChanged: false, workspace.Actor);
        var undone = await workshop.Get<ImportUndo>().RunAsync(undo, workspace.Tenant, Guid.CreateVersion7(), (_, _) => { }, Ct);
        undone.ShouldBe(new UndoResult(import.Id, 24, 1));
        (await workspace.EventsAsync("task_deleted")).Select(e => e.StreamId).ShouldNotContain(touched);

        var again = await workspace.RunAsync("plan.csv", "csv", Csv(25));
        (again.Created, again.Restored, again.Existing).ShouldBe((0, 24, 1));
        var all = await workshop.Get<ImportUndo>().RunAsync(undo with { WithChanged = true }, workspace.Tenant, Guid.CreateVersion7(), (_, _) => { }, Ct);
        all!.Undone.ShouldBe(1);
    }

    [Fact]
    public async Task Children_find_their_parents_whatever_the_order_of_the_file()
    {
        var result = await workspace.RunAsync("plan.csv", "csv", "id,title,parent\n2,child,1\n1,parent,\n3,orphan,99\n");
        result.Created.ShouldBe(3);
        var tasks = (await workspace.EventsAsync("task_created")).ToDictionary(e => ((TaskCreated)e.Body!).Title, e => e.StreamId);
        var linked = (await workspace.EventsAsync("task_reparented")).ShouldHaveSingleItem();
        linked.StreamId.ShouldBe(tasks["child"]);
        ((TaskReparented)linked.Body!).To.ShouldBe(tasks["parent"]);
    }

    [Fact]
    public async Task What_could_be_read_of_a_file_that_breaks_off_is_in_and_the_report_says_where()
    {
        var rows = string.Concat(Enumerable.Range(1, 15).Select(i => $$"""{"id":{{i}},"title":"T{{i}}"},"""));
        var result = await workspace.RunAsync("issues.json", "gitlab-json", $"[{rows}{{\"id\":16,\"ti");
        (result.Created, result.Failed).ShouldBe((15, 1));
        (await workspace.ReadAsync(result.ReportFileId!.Value)).ShouldContain("broken_json");
    }

    [Fact]
    public async Task What_is_nested_a_hundred_thousand_deep_breaks_the_file_off_there_and_what_came_before_is_in()
    {
        var deep = $"{new string('[', 100_000)}{new string(']', 100_000)}";
        var result = await workspace.RunAsync("issues.json", "gitlab-json", $$"""[{"id":1,"title":"T"},{"id":2,"title":"U","x":{{deep}}}]""");
        (result.Created, result.Failed).ShouldBe((1, 1));
    }

    [Fact]
    public async Task An_import_is_a_job_that_people_watch()
    {
        var worker = workshop.Get<MessageWorker>();
        await worker.StartAsync(Ct);
        var import = await workspace.ImportAsync("plan.csv", "csv", Csv(33));
        await workshop.Get<MessageBus>().EnqueueAsync(workspace.Tenant, new ImportTasks(import.Id), new MessageOptions { Id = import.Id }, Ct);
        var job = await JobAsync(import.Id);
        job.Status.ShouldBe("succeeded");
        System.Text.Encoding.UTF8.GetString(job.Result!.Value.Span).ShouldContain("\"created\": 33");

        var unreadable = await workspace.ImportAsync("plan.csv", "csv", "");
        await workshop.Get<MessageBus>().EnqueueAsync(workspace.Tenant, new ImportTasks(unreadable.Id), new MessageOptions { Id = unreadable.Id }, Ct);
        (await JobAsync(unreadable.Id)).ErrorMessage.ShouldBe("The file is empty.");
        await worker.StopAsync(Ct);
    }

    [Fact]
    public async Task An_import_tells_its_rate_and_the_time_left_and_one_that_is_cancelled_keeps_what_is_in()
    {
        const int Rows = 6_000;
        var (worker, jobs) = (workshop.Get<MessageWorker>(), workshop.Get<JobStore>());
        await worker.StartAsync(Ct);
        var import = await workspace.ImportAsync("plan.csv", "csv", Csv(Rows));
        await workshop.Get<MessageBus>().EnqueueAsync(workspace.Tenant, new ImportTasks(import.Id), new MessageOptions { Id = import.Id }, Ct);
        (await JobAsync(import.Id, job => job.ProgressDone > 0)).ProgressMessage!.ShouldMatch("^[0-9,]+ rows/s, about [0-9,]+ (s|min) left$");
        (await jobs.CancelAsync(workspace.Tenant, import.Id, Ct)).ShouldBe(JobAnswer.Requested);
        (await JobAsync(import.Id)).Status.ShouldBe("cancelled");
        await worker.StopAsync(Ct);

        var kept = (await workspace.EventsAsync("task_created")).Count;
        kept.ShouldBeInRange(1, Rows - 1);
        var rest = await workspace.RunAsync("plan.csv", "csv", Csv(Rows), dryRun: true);
        (rest.Existing, rest.Created).ShouldBe((kept, Rows - kept));
    }

    private Task<Job> JobAsync(Guid id) => JobAsync(id, static job => job.Status is not ("queued" or "running"));

    private async Task<Job> JobAsync(Guid id, Predicate<Job> awaited)
    {
        var jobs = workshop.Get<JobStore>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            limit.Token.ThrowIfCancellationRequested();
            if (await jobs.FindAsync(workspace.Tenant, id, limit.Token) is { } job && awaited(job))
                return job;
            await Task.Yield();
        }
    }
}
