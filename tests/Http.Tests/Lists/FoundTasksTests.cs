using System.Net;
using Events.Http.Tests.Api;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Lists;

/// <summary>A list with <c>q</c> is a list: filtered, sorted, and walked by its cursor.</summary>
public sealed class FoundTasksTests(ApiServer server)
{
    [Theory]
    [InlineData("")]
    [InlineData("&sort=created")]
    [InlineData("&sort=-priority")]
    [InlineData("&sort=due")]
    [InlineData("&status=todo,done")]
    public async Task What_is_found_is_walked_to_its_end(string query)
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var last = "0";
        for (var i = 0; i < 11; i++)
            last = (await me.CreateTaskAsync(project, $"Harbour {i}", $$""","priority":"{{(i % 2 == 0 ? "high" : "low")}}","dueOn":"2026-12-{{i + 10}}" """)).Position;
        var seen = new List<string>();
        var next = $"/api/v1/tasks?q=harbour&limit=4&fields=key,priority{query}";
        for (var pages = 0; next is not null; pages++)
        {
            pages.ShouldBeLessThan(4);
            var page = await me.GetAsync(next, ("Events-Min-Position", last));
            page.Status.ShouldBe(HttpStatusCode.OK, page.Text);
            page.Items.Count.ShouldBeLessThanOrEqualTo(4);
            seen.AddRange(page.Items.Select(i => (string)i["key"]!));
            next = page.NextCursor is null ? null : page.Headers.GetValues("Link").Single().Split('<', '>')[1];
        }

        seen.Count.ShouldBe(11);
        seen.Distinct(StringComparer.Ordinal).Count().ShouldBe(11);
        if (query.Contains("sort=created", StringComparison.Ordinal) || query.Contains("sort=due", StringComparison.Ordinal))
            seen.ShouldBe(Enumerable.Range(1, 11).Select(i => $"WEB-{i}"));
    }

    [Fact]
    public async Task By_due_date_it_holds_what_has_one_as_a_list_does()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        await me.CreateTaskAsync(project, "Harbour without");
        await me.CreateTaskAsync(project, "Harbour sooner", ""","dueOn":"2026-12-01" """);
        var last = await me.CreateTaskAsync(project, "Harbour later", ""","dueOn":"2026-12-02" """);
        foreach (var path in (string[])["/api/v1/tasks?q=harbour&sort=-due", "/api/v1/tasks?sort=-due"])
            (await me.GetAsync(path, ("Events-Min-Position", last.Position))).Items.Select(i => (string)i["title"]!).ShouldBe(["Harbour later", "Harbour sooner"], path);
    }

    [Fact]
    public async Task Its_cursor_belongs_to_its_words_filter_and_sort()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        await me.CreateTaskAsync(project, "Harbour one");
        var last = await me.CreateTaskAsync(project, "Harbour two");
        var cursor = (await me.GetAsync("/api/v1/tasks?q=harbour&limit=1", ("Events-Min-Position", last.Position))).NextCursor!;
        (await me.GetAsync($"/api/v1/tasks?q=harbour&limit=1&cursor={cursor}")).Items.ShouldHaveSingleItem();
        foreach (var query in new[] { "q=harbou", "q=harbour&status=todo", "q=harbour&sort=created", "limit=1" })
            (await me.GetAsync($"/api/v1/tasks?{query}&cursor={cursor}")).ShouldBeProblem(HttpStatusCode.BadRequest, "bad_cursor", "?cursor");
        (await me.GetAsync("/api/v1/tasks?q=harbour&at=2026-01-01T00:00:00Z")).ShouldBeProblem(HttpStatusCode.BadRequest, "either_or", "?at");
        (await me.GetAsync("/api/v1/tasks?q=harbour&sort=title")).ShouldBeProblem(HttpStatusCode.BadRequest, "sort_not_offered", "?sort");
        (await me.GetAsync("/api/v1/tasks?q=harbour&limit=201")).ShouldBeProblem(HttpStatusCode.BadRequest, "out_of_range", "?limit");
        (await me.GetAsync("/api/v1/tasks?q=")).ShouldBeProblem(HttpStatusCode.BadRequest, "out_of_range", "?q");
    }
}
