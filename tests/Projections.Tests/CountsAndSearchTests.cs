using System.Text;
using System.Text.Json;
using Events.Commands.Tasks;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.Search;
using Events.Projections.TaskCounts;
using Shouldly;

namespace Events.Projections.Tests;

public sealed class CountsAndSearchTests(PostgresServer server) : ServiceTests(server)
{
    [Fact]
    public async Task Counts_follow_every_change_of_a_task()
    {
        var (person, task) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var today = new DateOnly(2026, 11, 21);
        await Running.AppendAsync(Tenant, task, Samples.Created(Project, 1, assigneeId: person, dueOn: today.AddDays(-1)));
        await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, 2, assigneeId: person, dueOn: today.AddDays(3)));
        var archived = Guid.CreateVersion7();
        await Running.AppendAsync(Tenant, archived, Samples.Created(Project, 3));
        var last = await Running.AppendAsync(Tenant, archived, new TaskArchived());
        await Running.ReachAsync(last, TaskCountsQuery.Projection);
        var counts = Running.Get<TaskCountsQuery>();

        Number(await counts.WorkspaceAsync(Tenant, [], CancellationToken.None), "open").ShouldBe(2);
        var mine = await counts.PersonAsync(Tenant, person, [], today, CancellationToken.None);
        mine.Position.ShouldBe(last);
        (Number(mine, "open"), Number(mine, "overdue"), Number(mine, "dueToday"), Number(mine, "dueThisWeek")).ShouldBe((2, 1, 0, 1));

        last = await Running.AppendAsync(Tenant, task, new TaskStatusChanged(WorkStatus.Todo, WorkStatus.Done));
        await Running.ReachAsync(last, TaskCountsQuery.Projection);
        mine = await counts.PersonAsync(Tenant, person, [], today, CancellationToken.None);
        (Number(mine, "open"), Number(mine, "overdue")).ShouldBe((1, 0));
        var ofProject = await counts.ProjectAsync(Tenant, Project, CancellationToken.None);
        (Number(ofProject, "open"), Number(ofProject, "total")).ShouldBe((1, 2));

        var now = DateOnly.FromDateTime(DateTime.UtcNow);
        var flow = await counts.FlowAsync(Tenant, Project, [], now.AddDays(-1), now.AddDays(1), CancellationToken.None);
        var days = JsonDocument.Parse(flow.Json).RootElement.GetProperty("days").EnumerateArray().ToList();
        days.Count.ShouldBe(3);
        days[2].GetProperty("done").GetInt64().ShouldBe(1);
        days[2].GetProperty("todo").GetInt64().ShouldBe(1);
    }

    [Theory]
    [InlineData("inv", "Pay the invoice", "Invoices of März")]
    [InlineData("voice", "Pay the invoice", "Invoices of März")]
    [InlineData("pay inv", "Pay the invoice")]
    [InlineData("MÄR", "Invoices of März")]
    [InlineData("web-3", "Something else")]
    [InlineData("nothing of the kind")]
    [InlineData("% _ '")]
    public async Task Type_ahead_finds_the_beginnings_and_failing_that_the_middles_of_words(string typed, params string[] titles)
    {
        await FillAsync();
        var page = await Running.Get<SearchQuery>().TypeAheadAsync(Tenant, typed, [], 10, CancellationToken.None);
        Titles(page).Order(StringComparer.Ordinal).ToList().ShouldBe([.. titles.Order(StringComparer.Ordinal)]);
        Titles(await Running.Get<SearchQuery>().TypeAheadAsync(new TenantId(Guid.CreateVersion7()), typed, [], 10, CancellationToken.None)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_key_finds_its_task_however_many_tasks_the_project_has()
    {
        var last = 0L;
        for (var number = 1; number <= 130; number++)
            last = await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, number, number == 90 ? "Web shop" : $"Task {number}"));
        await Running.ReachAsync(last, "Search", "TaskList");
        var search = Running.Get<SearchQuery>();

        Titles(await search.TypeAheadAsync(Tenant, "WEB-7", [], 10, CancellationToken.None)).ShouldBe(["Task 7", .. Enumerable.Range(70, 9).Select(n => $"Task {n}")]);
        Titles(await search.TypeAheadAsync(Tenant, "web-12 task", [], 3, CancellationToken.None)).ShouldBe(["Task 12", "Task 120", "Task 121"]);
        Titles(await search.TypeAheadAsync(Tenant, "web-12 shop", [], 3, CancellationToken.None)).ShouldBeEmpty();
        Titles(await search.TypeAheadAsync(Tenant, "web", [], 1, CancellationToken.None)).ShouldBe(["Web shop"]);
        Titles(await search.TypeAheadAsync(Tenant, "11", [], 1, CancellationToken.None)).ShouldBe(["Task 11"]);
    }

    [Fact]
    public async Task Words_are_found_in_titles_before_descriptions_and_only_in_the_tenant()
    {
        await FillAsync();
        var search = Running.Get<SearchQuery>();
        Titles(await search.RunAsync(Tenant, "markdown", [], 10, CancellationToken.None)).Count.ShouldBe(4);
        Titles(await search.RunAsync(Tenant, "invoice some", [], 10, CancellationToken.None)).ShouldBe(["Pay the invoice"]);
        Titles(await search.RunAsync(Tenant, "some", [], 10, CancellationToken.None))[0].ShouldBe("Something else");
        Titles(await search.RunAsync(new TenantId("another"), "markdown", [], 10, CancellationToken.None)).ShouldBeEmpty();
        Titles(await search.RunAsync(Tenant, "it's \\ ' & | ! ( ) :*", [], 10, CancellationToken.None)).ShouldBeEmpty();
    }

    private async Task FillAsync()
    {
        await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, 1, "Pay the invoice"));
        await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, 2, "Invoices of März"));
        await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, 3, "Something else"));
        var renamed = Guid.CreateVersion7();
        await Running.AppendAsync(Tenant, renamed, Samples.Created(Project, 4, "Invoice this"));
        await Running.AppendAsync(Tenant, renamed, new TaskRetitled("Invoice this", "Renamed"));
        var gone = Guid.CreateVersion7();
        await Running.AppendAsync(Tenant, gone, Samples.Created(Project, 5, "Invoice that"));
        await Running.ReachAsync(await Running.AppendAsync(Tenant, gone, new TaskDeleted()), "Search", "TaskList");
    }

    private static long Number(QueryDocument document, string name) => JsonDocument.Parse(document.Json).RootElement.GetProperty(name).GetInt64();

    private static List<string> Titles(QueryPage page) =>
        [.. JsonDocument.Parse($"[{Encoding.UTF8.GetString(page.Items.Span)}]").RootElement.EnumerateArray().Select(i => i.GetProperty("title").GetString()!)];
}
