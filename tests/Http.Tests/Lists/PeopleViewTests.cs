using System.Net;
using Events.Commands.People;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Http.Tests.Api;
using Events.Projections.Rebuild;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Lists;

public sealed class PeopleViewTests(ApiServer server)
{
    private T Get<T>()
        where T : notnull => server.Services.GetRequiredService<T>();

    [Fact]
    public async Task People_are_listed_by_name_and_found_by_what_a_name_begins_with()
    {
        var me = await NewAsync("Mia Miller");
        var zoe = await JoinAsync(me, "Zoë Adams");
        var anna = await JoinAsync(me, "anna Zimmer", WorkspaceRole.Viewer);
        var page = await me.GetAsync("/api/v1/people?limit=2", await ReachedAsync());
        page.Status.ShouldBe(HttpStatusCode.OK, page.Text);
        page.Items.Select(i => (string?)i["name"]).ShouldBe(["anna Zimmer", "Mia Miller"]);
        ((string?)page.Items[0]["role"]).ShouldBe("viewer");
        ((string?)page.Items[0]["state"]).ShouldBe("active");
        page.Headers.GetValues("Link").Single().ShouldContain("rel=\"next\"");
        var rest = await me.GetAsync($"/api/v1/people?limit=2&cursor={page.NextCursor}");
        rest.Items.Select(i => (string?)i["name"]).ShouldBe(["Zoë Adams"]);
        rest.NextCursor.ShouldBeNull();
        (await me.GetAsync("/api/v1/people?sort=-name")).Items.Select(i => (Guid)i["id"]!).ShouldBe([zoe, me.PersonId, anna]);
        (await me.GetAsync("/api/v1/people?q=z")).Items.Select(i => (Guid)i["id"]!).ShouldBe([anna, zoe]);
        (await me.GetAsync("/api/v1/people?q=Mia%20Mi")).Items.Select(i => (Guid)i["id"]!).ShouldBe([me.PersonId]);
        (await me.GetAsync("/api/v1/people?q=iller")).Items.ShouldBeEmpty();
        (await me.GetAsync("/api/v1/people?sort=-joined&limit=1")).Items.Select(i => (Guid)i["id"]!).ShouldBe([anna]);
        (await me.GetAsync($"/api/v1/people?limit=2&q=z&cursor={page.NextCursor}")).ShouldBeProblem(HttpStatusCode.BadRequest, "bad_cursor", "?cursor");
        (await me.GetAsync("/api/v1/people?q=z&sort=joined")).ShouldBeProblem(HttpStatusCode.BadRequest, "sort_not_offered", "?sort");
        (await me.GetAsync("/api/v1/people?limit=201")).ShouldBeProblem(HttpStatusCode.BadRequest, "out_of_range", "?limit");
    }

    [Fact]
    public async Task Every_order_goes_through_all_people_page_by_page()
    {
        var me = await NewAsync("Same Name");
        var ids = new HashSet<Guid> { me.PersonId };
        for (var i = 0; i < 5; i++)
            ids.Add(await JoinAsync(me, "Same Name"));
        var reached = await ReachedAsync();
        foreach (var sort in (string[])["name", "-name", "joined", "-joined"])
        {
            var seen = new List<Guid>();
            string? cursor = null;
            do
            {
                var page = await me.GetAsync($"/api/v1/people?limit=2&sort={sort}{(cursor is null ? "" : $"&cursor={cursor}")}", reached);
                seen.AddRange(page.Items.Select(i => (Guid)i["id"]!));
                cursor = page.NextCursor;
            }
            while (cursor is not null);
            seen.Count.ShouldBe(6, sort);
            seen.ToHashSet().SetEquals(ids).ShouldBeTrue(sort);
        }
    }

    [Fact]
    public async Task Open_tasks_are_counted_and_those_of_hidden_projects_are_not()
    {
        var me = await NewAsync("Owner");
        var bob = await server.NewColleagueAsync(me);
        var (open, secret) = (await me.CreateProjectAsync(), await me.CreateProjectAsync("SEC"));
        await me.CreateTaskAsync(open, "One", $",\"assigneeId\":\"{bob.PersonId}\"");
        await me.CreateTaskAsync(secret, "Two", $",\"assigneeId\":\"{me.PersonId}\",\"status\":\"in_progress\"");
        await me.CreateTaskAsync(open, "Three", $",\"assigneeId\":\"{me.PersonId}\"");
        (await me.SendAsync(HttpMethod.Put, $"/api/v1/projects/{secret}/access", new StringContent($$"""{"visibility":"members","memberIds":["{{me.PersonId}}"]}""", System.Text.Encoding.UTF8, "application/json"))).Status.ShouldBe(HttpStatusCode.NoContent);
        var reached = await ReachedAsync();

        var mine = (await me.GetAsync($"/api/v1/people/{me.PersonId}", reached)).Body;
        ((int)mine["openTasks"]!).ShouldBe(2);
        ((int)mine["tasks"]!["in_progress"]!).ShouldBe(1);
        var seen = (await bob.GetAsync($"/api/v1/people/{me.PersonId}", reached)).Body;
        ((int)seen["openTasks"]!).ShouldBe(1);
        ((int)seen["tasks"]!["in_progress"]!).ShouldBe(0);
        (await bob.GetAsync("/api/v1/people?sort=joined", reached)).Items.Select(i => (int)i["openTasks"]!).ShouldBe([1, 1]);
        (await me.GetAsync("/api/v1/people?sort=joined", reached)).Items.Select(i => (int)i["openTasks"]!).ShouldBe([2, 1]);
    }

    [Fact]
    public async Task Who_left_is_former_and_another_workspaces_people_are_nobody()
    {
        var me = await NewAsync("Owner");
        var gone = await JoinAsync(me, "Gone Soon");
        var stranger = await NewAsync("Stranger");
        (await me.DeleteAsync($"/api/v1/members/{gone}")).Status.ShouldBe(HttpStatusCode.NoContent);
        var reached = await ReachedAsync();
        (await me.GetAsync("/api/v1/people", reached)).Items.Select(i => (Guid)i["id"]!).ShouldBe([me.PersonId]);
        var former = (await me.GetAsync("/api/v1/people?state=former")).Items.Single();
        ((string?)former["name"]).ShouldBe("Gone Soon");
        ((string?)(await me.GetAsync($"/api/v1/people/{gone}")).Body["state"]).ShouldBe("former");
        (await stranger.GetAsync($"/api/v1/people/{gone}")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await stranger.GetAsync("/api/v1/people?state=active,former,placeholder", reached)).Items.Select(i => (Guid)i["id"]!).ShouldBe([stranger.PersonId]);
        (await (await server.WithTokenAsync(me, "tasks:read")).GetAsync("/api/v1/people")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_placeholder_is_listed_by_the_name_that_the_import_gave()
    {
        var me = await NewAsync("Owner");
        var id = Placeholders.IdOf(me.Tenant, "gitlab-json", "jdoe");
        await Get<Placeholders>().NoteAsync(me.Tenant, id, "Jane Doe", "jdoe", null, "gitlab-json", EventMetadata.None, CancellationToken.None);
        var found = (await me.GetAsync("/api/v1/people?q=jane", await ReachedAsync())).Items.Single();
        ((Guid)found["id"]!).ShouldBe(id);
        ((string?)found["state"]).ShouldBe("placeholder");
        found["role"].ShouldBeNull();
    }

    [Fact]
    public async Task An_erased_persons_name_is_nowhere_and_a_rebuild_does_not_bring_it_back()
    {
        var me = await NewAsync("Owner");
        var erased = await JoinAsync(me, "Xaverius Unforgettable");
        ((string?)(await me.GetAsync($"/api/v1/people/{erased}", await ReachedAsync())).Body["name"]).ShouldBe("Xaverius Unforgettable");
        await Get<PersonErasure>().EraseAsync(erased, CancellationToken.None);
        var reached = await ReachedAsync();
        await NobodyAsync();
        await Get<ProjectionOperations>().RebuildAsync("People", "test", CancellationToken.None);
        await NobodyAsync();

        async Task NobodyAsync()
        {
            var everybody = await me.GetAsync("/api/v1/people?state=active,placeholder,former", reached);
            everybody.Items.Select(i => (string?)i["name"]).ShouldBe([null, "Owner"]);
            everybody.Items[0]["id"]!.GetValue<Guid>().ShouldBe(erased);
            (await me.GetAsync("/api/v1/people?state=former&q=xaver")).Items.ShouldBeEmpty();
            await using var command = server.Database.DataSource.CreateCommand("select count(*) from people t where t::text ilike '%xaverius%' or (person_id = $1 and name is not null)");
            command.Parameters.Add(new() { Value = erased });
            ((long)(await command.ExecuteScalarAsync())!).ShouldBe(0);
        }
    }

    private async Task<ApiUser> NewAsync(string name)
    {
        var me = await server.NewUserAsync();
        (await Get<PersonCommands>().RenameAsync(me.PersonId, name, CancellationToken.None)).ShouldNotBeNull();
        return me;
    }

    private async Task<Guid> JoinAsync(ApiUser owner, string name, WorkspaceRole role = WorkspaceRole.Member)
    {
        var colleague = await server.NewColleagueAsync(owner, role);
        await Get<PersonCommands>().RenameAsync(colleague.PersonId, name, CancellationToken.None);
        return colleague.PersonId;
    }

    /// <summary>Everything that was done up to now.</summary>
    private async Task<(string, string)> ReachedAsync()
    {
        await using var command = server.Database.DataSource.CreateCommand("select max(seq_id) from mt_events");
        return ("Events-Min-Position", $"{await command.ExecuteScalarAsync()}");
    }
}
