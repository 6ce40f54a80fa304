using System.Net;
using Events.Commands.People;
using Events.EventStore;
using Events.Http.Tests.Api;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Events.Http.Tests.Tasks;

/// <summary>Tasks and projects name people of their workspace: members, and those whom an import noted.</summary>
public sealed class PeopleOfTasksTests(ApiServer server)
{
    [Fact]
    public async Task A_stranger_is_refused_wherever_a_person_is_named()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        var task = (await me.CreateTaskAsync(project)).Id;
        var before = await me.CountEventsAsync();
        foreach (var stranger in new[] { Guid.CreateVersion7(), (await server.NewUserAsync()).PersonId })
        {
            (await me.PostAsync("/api/v1/tasks", $$"""{"projectId":"{{project}}","title":"x","assigneeId":"{{stranger}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "assignee_not_found", "/assigneeId");
            (await me.PatchAsync($"/api/v1/tasks/{task}", $$"""{"title":"y","assigneeId":"{{stranger}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "assignee_not_found", "/assigneeId");
            (await me.SendAsync(HttpMethod.Put, $"/api/v1/tasks/{task}/watchers/{stranger}")).ShouldBeProblem(HttpStatusCode.NotFound, "person_not_found");
            (await me.PatchAsync($"/api/v1/projects/{project}", $$"""{"leadId":"{{stranger}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "lead_not_found", "/leadId");
            (await me.PostAsync("/api/v1/projects", $$"""{"key":"APP","name":"App","leadId":"{{stranger}}"}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "lead_not_found", "/leadId");
            (await me.PostAsync("/api/v1/tasks/bulk", $$$"""{"filter":{"projectId":"{{{project}}}"},"changes":{"assigneeId":"{{{stranger}}}"}}""")).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "assignee_not_found", "/changes/assigneeId");
        }

        (await me.CountEventsAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task Members_and_placeholders_of_imports_are_people()
    {
        var me = await server.NewUserAsync();
        var colleague = await server.NewColleagueAsync(me);
        var placeholder = Placeholders.IdOf(me.Tenant, "gitlab-json", "ann");
        await server.Services.GetRequiredService<Placeholders>().NoteAsync(me.Tenant, placeholder, "Ann", "ann", null, "gitlab-json", EventMetadata.None, CancellationToken.None);
        var project = await me.CreateProjectAsync();
        var task = await me.CreateTaskAsync(project, "For a colleague", $$""","assigneeId":"{{colleague.PersonId}}" """);
        (await me.PatchAsync($"/api/v1/tasks/{task.Id}", $$"""{"assigneeId":"{{placeholder}}"}""")).Status.ShouldBe(HttpStatusCode.OK);
        (await me.SendAsync(HttpMethod.Put, $"/api/v1/tasks/{task.Id}/watchers/{placeholder}")).Status.ShouldBe(HttpStatusCode.OK);
        (await me.PatchAsync($"/api/v1/projects/{project}", $$"""{"leadId":"{{colleague.PersonId}}"}""")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Two_tasks_that_are_put_below_each_other_at_once_make_no_cycle()
    {
        var me = await server.NewUserAsync();
        var project = await me.CreateProjectAsync();
        for (var round = 0; round < 10; round++)
        {
            var ring = await Task.WhenAll(Enumerable.Range(0, 3).Select(async i => (await me.CreateTaskAsync(project, $"{round}.{i}")).Id));
            var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => me.PatchAsync($"/api/v1/tasks/{ring[i]}", $$"""{"parentId":"{{ring[(i + 1) % 3]}}"}""")));
            answers.Count(a => a.Status == HttpStatusCode.OK).ShouldBe(2, string.Join('\n', answers.Select(a => a.Text)));
            answers.Single(a => a.Status != HttpStatusCode.OK).ShouldBeProblem(HttpStatusCode.UnprocessableEntity, "parent_cycle", "/parentId");
        }
    }

    [Fact]
    public async Task Another_persons_change_is_not_undone()
    {
        var me = await server.NewUserAsync();
        var colleague = await server.NewColleagueAsync(me);
        var task = await me.CreateTaskAsync(await me.CreateProjectAsync());
        (await colleague.PostAsync("/api/v1/undo", $$"""{"position":{{task.Position}}}""")).ShouldBeProblem(HttpStatusCode.Forbidden, "not_your_change", "/position");
    }
}
