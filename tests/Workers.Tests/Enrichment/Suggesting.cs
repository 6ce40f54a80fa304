using System.Net;
using System.Text;
using Events.Commands.Handling;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Events.Fixtures;
using Events.Workers.Enrichment;
using Events.Workers.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Events.Workers.Tests.Enrichment;

public sealed class Suggesting(PostgresServer server)
{
    private const string Description =
        "The login page fails on old phones. Whoever opens the login page on an old phone sees a white page. Yesterday was sunny. Expected: the login page works on every phone.";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_local_summary_is_made_of_the_texts_own_sentences_and_labels_that_the_workspace_has()
    {
        var suggestion = (await new ExtractiveEnricher().SuggestAsync("Login fails", Description, ["login", "phone", "billing"], Ct))!;
        suggestion.Labels.ShouldBe(["login", "phone"]);
        suggestion.Summary.ShouldContain("login page");
        suggestion.Summary.ShouldNotContain("sunny");
        (await new ExtractiveEnricher().SuggestAsync("x", "", [], Ct)).ShouldBeNull();
    }

    [Fact]
    public async Task A_model_behind_an_endpoint_may_only_choose_labels_that_there_are()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var model = builder.Build();
        string? asked = null;
        model.MapPost("/v1/chat/completions", async (HttpContext http) =>
        {
            using var body = new StreamReader(http.Request.Body, Encoding.UTF8);
            asked = http.Request.Headers.Authorization + await body.ReadToEndAsync(Ct);
            await http.Response.WriteAsJsonAsync(new { choices = new[] { new { message = new { content = """{"summary":"Short.","labels":["LOGIN","invented"]}""" } } } }, Ct);
        });
        await model.StartAsync(Ct);
        using var client = new HttpClient();
        var enricher = new ChatEnricher(client, Options.Create(new EnrichmentOptions { Url = new Uri(model.Urls.Single() + "/v1"), Model = "m", ApiKey = "secret" }));
        var suggestion = (await enricher.SuggestAsync("Login fails", Description, ["login"], Ct))!;
        (suggestion.Summary, suggestion.Model).ShouldBe(("Short.", "m"));
        suggestion.Labels.ShouldBe(["login"]);
        asked!.ShouldStartWith("Bearer secret");
    }

    [Fact]
    public async Task A_suggestion_changes_nothing_until_somebody_accepts_it()
    {
        await using var workshop = await Workshop.OpenAsync(server);
        var workspace = await workshop.FoundAsync();
        var context = new CommandContext(workspace.Tenant, workspace.Actor);
        var (project, task) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        await workshop.Get<ProjectCommands>().CreateAsync(context, new CreateProject(project, "WEB", "Website"), _ => throw new InvalidOperationException(), Ct);
        await workshop.Get<TaskCommands>().CreateAsync(context, new CreateTask(task, project, "Login fails") { Description = Description }, _ => throw new InvalidOperationException(), Ct);
        var suggestions = workshop.Get<Suggestions>();
        (await suggestions.AcceptAsync(context, task, Ct)).ShouldBeNull();

        await suggestions.MadeAsync(workspace.Tenant, new SuggestionMade(task, "Short.", ["login"], "test"), EventStore.EventMetadata.None, Ct);
        (await workspace.EventsAsync("task_labelled")).ShouldBeEmpty();
        (await suggestions.AcceptAsync(context, task, Ct))!.Status.ShouldBe(SuggestionStatus.Accepted);
        await suggestions.AcceptAsync(context, task, Ct);
        ((TaskLabelled)(await workspace.EventsAsync("task_labelled")).ShouldHaveSingleItem().Body!).Label.ShouldBe("login");
        (await workspace.EventsAsync("suggestion_accepted")).Count.ShouldBe(1);

        await suggestions.MadeAsync(workspace.Tenant, new SuggestionMade(task, "Another.", ["x"], "test"), EventStore.EventMetadata.None, Ct);
        (await suggestions.DismissAsync(context, task, Ct))!.Status.ShouldBe(SuggestionStatus.Dismissed);
        (await workspace.EventsAsync("task_labelled")).Count.ShouldBe(1);
    }
}
