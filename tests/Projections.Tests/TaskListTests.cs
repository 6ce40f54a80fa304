using System.Text;
using System.Text.Json;
using Events.Commands.Tasks;
using Events.Fixtures;
using Events.Platform.Tenancy;
using Events.Projections.Engine;
using Events.Projections.ProjectList;
using Events.Projections.TaskDetail;
using Events.Projections.TaskHistory;
using Events.Projections.TaskList;
using Shouldly;

namespace Events.Projections.Tests;

public sealed class TaskListTests(PostgresServer server) : ServiceTests(server)
{
    [Fact]
    public async Task A_created_task_is_in_the_list_once_its_position_is_reached()
    {
        var task = Guid.CreateVersion7();
        var position = await Running.AppendAsync(Tenant, task, Samples.Created(Project, 1, "Grüße \"quoted\"", labels: ["bug", "api"]));
        await Running.ReachAsync(position, TaskListQuery.Projection);

        var page = await ListAsync(TaskListFilter.All, TaskListSort.NewestFirst);

        page.Position.ShouldBe(position);
        page.Next.ShouldBeNull();
        var item = Items(page).Single();
        item.GetProperty("id").GetGuid().ShouldBe(task);
        item.GetProperty("title").GetString().ShouldBe("Grüße \"quoted\"");
        item.GetProperty("labels").EnumerateArray().Select(l => l.GetString()).ShouldBe(["api", "bug"]);
        item.GetProperty("status").GetString().ShouldBe("todo");
        item.GetProperty("version").GetInt64().ShouldBe(1);
    }

    [Fact]
    public async Task Every_offered_order_goes_through_all_tasks_page_by_page_in_both_directions()
    {
        var assignee = Guid.CreateVersion7();
        var last = 0L;
        for (var i = 1; i <= 23; i++)
        {
            last = await Running.AppendAsync(
                Tenant,
                Guid.CreateVersion7(),
                Samples.Created(Project, i, $"Task {i}", assignee, (WorkStatus)(i % 6), (Priority)(i % 5), new DateOnly(2026, 1, 1 + (i % 7)), "all"));
        }

        await Running.ReachAsync(last, TaskListQuery.Projection);
        TaskListFilter[] filters =
        [
            TaskListFilter.All,
            new() { ProjectId = Project },
            new() { AssigneeId = assignee },
            new() { Label = "all" },
            new() { ProjectId = Project, Statuses = [WorkStatus.Todo, WorkStatus.Done] },
            new() { ProjectId = Project, AssigneeId = assignee, Label = "all", Priorities = [Priority.High] },
        ];
        foreach (var filter in filters)
        {
            var expected = Enumerable.Range(1, 23)
                .Where(i => filter.Statuses is null || filter.Statuses.Contains((WorkStatus)(i % 6)))
                .Where(i => filter.Priorities is null || filter.Priorities.Contains((Priority)(i % 5)))
                .Select(i => (long)i)
                .ToList();
            foreach (var order in TaskListQuery.Orders(filter))
            {
                foreach (var descending in new[] { false, true })
                {
                    var numbers = await WalkAsync(filter, new TaskListSort(order, descending));
                    numbers.Order().ToList().ShouldBe(expected, $"{filter} by {order}");
                    if (order is TaskListOrder.Created or TaskListOrder.Number or TaskListOrder.Updated or TaskListOrder.Rank)
                        numbers.ShouldBe(descending ? [.. expected.OrderDescending()] : expected, $"{filter} by {order}");
                    if (order == TaskListOrder.Priority)
                        (descending ? numbers : Enumerable.Reverse(numbers)).Select(n => n % 5).ShouldBeInOrder(SortDirection.Descending);
                    if (order == TaskListOrder.Due)
                        (descending ? numbers : Enumerable.Reverse(numbers)).Select(n => n % 7).ShouldBeInOrder(SortDirection.Descending);
                }
            }
        }
    }

    [Fact]
    public async Task What_changes_a_task_changes_its_row_its_page_and_its_history()
    {
        var task = Guid.CreateVersion7();
        var comment = Guid.CreateVersion7();
        await Running.AppendAsync(Tenant, task, Samples.Created(Project, 1, labels: ["bug"]));
        await Running.AppendAsync(Tenant, task, new TaskStatusChanged(WorkStatus.Todo, WorkStatus.InProgress), new TaskLabelled("api"), new TaskUnlabelled("bug"), new CommentAdded(comment, "Looks good", "ann"));
        var position = await Running.AppendAsync(Tenant, task, new CommentEdited(comment, "Looks fine"), new TaskEstimated(2.5m, 0.5m));
        await Running.ReachAsync(position, TaskListQuery.Projection, TaskDetailQuery.Projection);

        var item = Items(await ListAsync(new TaskListFilter { Label = "api" }, TaskListSort.NewestFirst)).Single();
        item.GetProperty("status").GetString().ShouldBe("in_progress");
        item.GetProperty("estimate").GetDecimal().ShouldBe(0.5m);
        Items(await ListAsync(new TaskListFilter { Label = "bug" }, TaskListSort.NewestFirst)).ShouldBeEmpty();

        var detail = await Running.Get<TaskDetailQuery>().FindAsync(Tenant, task, CancellationToken.None);
        detail.Version.ShouldBe(7);
        JsonDocument.Parse(detail.Json).RootElement.GetProperty("commentCount").GetInt32().ShouldBe(1);
        var comments = Items(await Running.Get<TaskDetailQuery>().CommentsAsync(Tenant, task, 0, 10, CancellationToken.None));
        comments.Single().GetProperty("body").GetString().ShouldBe("Looks fine");
        comments.Single().GetProperty("author").GetString().ShouldBe("ann");
        var history = await Running.Get<TaskHistoryQuery>().RunAsync(Tenant, task, null, 3, CancellationToken.None);
        Items(history).Select(h => h.GetProperty("version").GetInt64()).ShouldBe([7, 6, 5]);
        history.Next.ShouldNotBeNull();
    }

    [Fact]
    public async Task Another_tenant_sees_nothing()
    {
        var position = await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Created(Project, 1));
        await Running.ReachAsync(position, TaskListQuery.Projection);

        var page = await Running.Get<TaskListQuery>().RunAsync(new TenantId(Guid.CreateVersion7()), new TaskListFilter { ProjectId = Project }, new TaskListSort(TaskListOrder.Rank, false), null, 50, CancellationToken.None);

        page.Count.ShouldBe(0);
        page.Position.ShouldBeGreaterThanOrEqualTo(position);
    }

    [Fact]
    public async Task Archived_and_deleted_tasks_leave_the_list_and_come_back()
    {
        var task = Guid.CreateVersion7();
        await Running.AppendAsync(Tenant, task, Samples.Created(Project, 1, labels: ["bug"]));
        var gone = await Running.AppendAsync(Tenant, task, new TaskArchived());
        await Running.ReachAsync(gone, TaskListQuery.Projection);
        (await ListAsync(TaskListFilter.All, TaskListSort.NewestFirst)).Count.ShouldBe(0);
        (await ListAsync(new TaskListFilter { Label = "bug" }, TaskListSort.NewestFirst)).Count.ShouldBe(0);

        var back = await Running.AppendAsync(Tenant, task, new TaskUnarchived());
        await Running.ReachAsync(back, TaskListQuery.Projection);
        (await ListAsync(new TaskListFilter { Label = "bug" }, TaskListSort.NewestFirst)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Projects_are_listed_by_key_name_and_age()
    {
        await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Project("WEB", "Website"));
        var last = await Running.AppendAsync(Tenant, Guid.CreateVersion7(), Samples.Project("API", "The API"));
        await Running.ReachAsync(last, ProjectListQuery.Projection);

        var query = Running.Get<ProjectListQuery>();
        var first = await query.RunAsync(Tenant, archived: false, ProjectListOrder.Key, descending: false, null, 1, CancellationToken.None);
        Items(first).Single().GetProperty("key").GetString().ShouldBe("API");
        var second = await query.RunAsync(Tenant, archived: false, ProjectListOrder.Key, descending: false, first.Next, 1, CancellationToken.None);
        Items(second).Single().GetProperty("key").GetString().ShouldBe("WEB");
        second.Next.ShouldBeNull();
        foreach (var order in Enum.GetValues<ProjectListOrder>())
            (await query.RunAsync(Tenant, archived: false, order, descending: true, null, 10, CancellationToken.None)).Count.ShouldBe(2);
    }

    private Task<QueryPage> ListAsync(TaskListFilter filter, TaskListSort sort) =>
        Running.Get<TaskListQuery>().RunAsync(Tenant, filter, sort, null, 50, TestContext.Current.CancellationToken);

    private async Task<List<long>> WalkAsync(TaskListFilter filter, TaskListSort sort)
    {
        var numbers = new List<long>();
        KeysetCursor? after = null;
        do
        {
            var page = await Running.Get<TaskListQuery>().RunAsync(Tenant, filter, sort, after, 5, TestContext.Current.CancellationToken);
            page.Count.ShouldBe(Items(page).Count);
            numbers.AddRange(Items(page).Select(i => i.GetProperty("number").GetInt64()));
            after = page.Next;
        }
        while (after is not null);
        return numbers;
    }

    private static List<JsonElement> Items(QueryPage page) =>
        [.. JsonDocument.Parse($"[{Encoding.UTF8.GetString(page.Items.Span)}]").RootElement.EnumerateArray()];
}
