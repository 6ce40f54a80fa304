using System.Text;
using System.Text.Json;
using Events.Commands.Tasks;
using Events.Fixtures;
using Events.Projections.Engine;
using Events.Projections.Rebuild;
using Events.Projections.TaskDetail;
using Events.Projections.TaskList;
using Shouldly;

namespace Events.Projections.Tests;

public sealed class TaskLinksTests(PostgresServer server) : ServiceTests(server)
{
    [Fact]
    public async Task A_link_is_seen_from_both_ends_until_it_is_taken_away()
    {
        var (one, two) = (await CreateAsync(1), await CreateAsync(2));
        await SeeAsync(await Running.AppendAsync(Tenant, one, new TaskLinked(LinkKind.Blocks, two), new TaskLinked(LinkKind.Relates, two)));

        (await ListAsync(one)).ShouldBe([("out", "blocks", "Task 2"), ("out", "relates", "Task 2")]);
        (await ListAsync(two)).ShouldBe([("in", "blocks", "Task 1"), ("in", "relates", "Task 1")]);

        // Another change of the task leaves its rows alone; a link that comes and goes within a page is none.
        await SeeAsync(await Running.AppendAsync(Tenant, one, new TaskRetitled("Task 1", "First"), new TaskUnlinked(LinkKind.Relates, two), new TaskLinked(LinkKind.Duplicates, two), new TaskUnlinked(LinkKind.Duplicates, two)));
        (await ListAsync(two)).ShouldBe([("in", "blocks", "First")]);
    }

    [Fact]
    public async Task Pages_go_through_both_directions_and_leave_out_what_is_deleted_or_hidden()
    {
        var hidden = Guid.CreateVersion7();
        var hub = await CreateAsync(0);
        var expected = new List<string>();
        var last = 0L;
        for (var i = 1; i <= 40; i++)
        {
            var other = await CreateAsync(i, i % 5 == 0 ? hidden : Project);
            var kind = (LinkKind)(i % 3);
            last = i % 2 == 0
                ? await Running.AppendAsync(Tenant, hub, new TaskLinked(kind, other))
                : await Running.AppendAsync(Tenant, other, new TaskLinked(kind, hub));
            if (i % 7 == 0)
                last = await Running.AppendAsync(Tenant, other, new TaskDeleted());
            else if (i % 5 != 0)
                expected.Add($"Task {i}");
        }

        await SeeAsync(last);
        foreach (var limit in (int[])[1, 3, 200])
        {
            var walked = await WalkAsync(hub, [hidden], limit);
            walked.Select(l => l.Title).Order().ShouldBe(expected.Order(), $"{limit} a page");
            walked.Select(l => l.Direction).ShouldBeInOrder(SortDirection.Descending);
        }

        (await WalkAsync(hub, [], 50)).Count.ShouldBe(35);
    }

    [Fact]
    public async Task Of_very_many_that_are_not_shown_a_page_looks_at_so_many_and_goes_on()
    {
        var hub = await CreateAsync(0);
        var hidden = Guid.CreateVersion7();
        for (var i = 1; i <= TaskLinksQuery.MostScanned + 20; i++)
            await Running.AppendAsync(Tenant, await CreateAsync(i, hidden), new TaskLinked(LinkKind.Blocks, hub));
        await SeeAsync(await Running.AppendAsync(Tenant, await CreateAsync(1_000), new TaskLinked(LinkKind.Relates, hub)));

        var first = await Running.Get<TaskLinksQuery>().RunAsync(Tenant, hub, [hidden], null, 50, TestContext.Current.CancellationToken);
        first.Count.ShouldBe(0);
        var second = await Running.Get<TaskLinksQuery>().RunAsync(Tenant, hub, [hidden], first.Next.ShouldNotBeNull(), 50, TestContext.Current.CancellationToken);
        (second.Count, second.Next).ShouldBe((1, null));
    }

    [Fact]
    public async Task A_store_from_before_links_were_rows_gets_them_with_the_deploy()
    {
        var (one, two) = (await CreateAsync(1), await CreateAsync(2));
        await SeeAsync(await Running.AppendAsync(Tenant, one, new TaskLinked(LinkKind.Blocks, two), new TaskLinked(LinkKind.Relates, two)));
        await Running.StopAsync();
        foreach (var sql in (string[])
            [
                "truncate task_links",
                "update projection_heads set version = 1, shard = 'TaskDetail:All' where projection = 'TaskDetail'",
                "update mt_event_progression set name = 'TaskDetail:All' where name = 'TaskDetail:V2:All'",
            ])
        {
            await using var command = Database.DataSource.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await using var deployed = await Service.On(Database).StartAsync();
        var last = await deployed.AppendAsync(Tenant, one, new TaskUnlinked(LinkKind.Relates, two), new TaskLinked(LinkKind.Duplicates, two));
        await deployed.ReachAsync(last, TaskDetailQuery.Projection, TaskListQuery.Projection);
        while ((await deployed.Get<ProjectionOperations>().StatusAsync(TestContext.Current.CancellationToken)).Single(s => s.Projection == TaskDetailQuery.Projection).Version != 2)
            await deployed.Get<RebuildSupervisor>().RunOnceAsync(TestContext.Current.CancellationToken);

        var page = await deployed.Get<TaskLinksQuery>().RunAsync(Tenant, two, [], null, 50, TestContext.Current.CancellationToken);
        Links(page).ShouldBe([("in", "blocks", "Task 1"), ("in", "duplicates", "Task 1")]);
    }

    private async Task<Guid> CreateAsync(int number, Guid? project = null)
    {
        var task = Guid.CreateVersion7();
        await Running.AppendAsync(Tenant, task, Samples.Created(project ?? Project, number, $"Task {number}"));
        return task;
    }

    private Task SeeAsync(long position) => Running.ReachAsync(position, TaskDetailQuery.Projection, TaskListQuery.Projection);

    private Task<List<(string Direction, string Kind, string Title)>> ListAsync(Guid task) => WalkAsync(task, [], 50);

    private async Task<List<(string Direction, string Kind, string Title)>> WalkAsync(Guid task, Guid[] hidden, int limit)
    {
        var found = new List<(string, string, string)>();
        KeysetCursor? after = null;
        do
        {
            var page = await Running.Get<TaskLinksQuery>().RunAsync(Tenant, task, hidden, after, limit, TestContext.Current.CancellationToken);
            page.Count.ShouldBeLessThanOrEqualTo(limit);
            found.AddRange(Links(page));
            after = page.Next;
        }
        while (after is not null);
        return found;
    }

    private static IEnumerable<(string Direction, string Kind, string Title)> Links(QueryPage page) =>
        JsonDocument.Parse($"[{Encoding.UTF8.GetString(page.Items.Span)}]").RootElement.EnumerateArray()
            .Select(link => (link.GetProperty("direction").GetString()!, link.GetProperty("kind").GetString()!, link.GetProperty("task").GetProperty("title").GetString()!));
}
