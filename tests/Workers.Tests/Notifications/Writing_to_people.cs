using System.Net.Mail;
using Events.Commands.Handling;
using Events.Commands.Projects;
using Events.Commands.Tasks;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Fixtures;
using Events.Fixtures.NodeServices;
using Events.Messaging.Running;
using Events.Workers.Mail;
using Events.Workers.Notifications;
using Events.Workers.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Events.Workers.Tests.Notifications;

public sealed class Writing_to_people(PostgresServer server) : IAsyncLifetime
{
    private SmtpSink sink = null!;
    private Workshop workshop = null!;
    private Workspace workspace = null!;
    private Guid project;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        sink = await SmtpSink.StartAsync(Ct);
        workshop = await Workshop.OpenAsync(server, services => services.Configure<MailOptions>(mail =>
        {
            mail.Host = "127.0.0.1";
            mail.Port = sink.Port;
            mail.Tls = false;
            mail.From = "Events <events@example.com>";
        }));
        workspace = await workshop.FoundAsync("ann@example.com");
        project = Guid.CreateVersion7();
        await workshop.Get<ProjectCommands>().CreateAsync(Context("somebody"), new CreateProject(project, "WEB", "Website"), _ => throw new InvalidOperationException(), Ct);
        await workshop.Get<MessageWorker>().StartAsync(Ct);
    }

    public async ValueTask DisposeAsync()
    {
        await workshop.Get<MessageWorker>().StopAsync(CancellationToken.None);
        await workshop.DisposeAsync();
        await sink.DisposeAsync();
    }

    [Fact]
    public async Task Who_is_assigned_or_mentioned_is_written_to_once_and_nobody_about_their_own_acts()
    {
        var task = await CreateAsync("Fix the größer login", "somebody", workspace.Owner);
        await FollowAsync();
        var assigned = await sink.NextAsync(Ct);
        assigned.To.ShouldBe(["ann@example.com"]);
        assigned.From.ShouldBe("events@example.com");
        assigned.Raw.ShouldContain("Message-ID: <message-");

        await ChangeAsync(task, "somebody", new AddComment(Guid.CreateVersion7(), $"@[Ann](person:{workspace.Owner:D}) please look, @[Ann](person:{workspace.Owner:D})"));
        await ChangeAsync(task, workspace.Actor, new AddComment(Guid.CreateVersion7(), $"I am @[me](person:{workspace.Owner:D})"));
        await FollowAsync();
        (await sink.NextAsync(Ct)).Subject.ShouldContain("WEB-1");

        await workshop.Get<PreferenceTable>().SaveAsync(workspace.Tenant, workspace.Owner, NotificationPreferences.Default with { Assigned = false }, Ct);
        await CreateAsync("Not wanted", "somebody", workspace.Owner);
        var due = await CreateAsync("Is due", "somebody", workspace.Owner, DateOnly.FromDateTime(DateTime.UtcNow));
        await FollowAsync();
        await SendAsync(new RemindOfDue());
        (await sink.NextAsync(Ct)).Subject.ShouldContain("WEB-3");

        await SendAsync(new RemindOfDue());
        await ChangeAsync(due, workspace.Actor, new ChangeTaskStatus(WorkStatus.Done));
        await FollowAsync();
        await SendAsync(new SendDigest(workspace.Owner));
        // Nothing came between the reminder and the digest: it was sent once.
        var digest = await sink.NextAsync(Ct);
        digest.Raw.ShouldContain("2 open tasks");
        digest.Raw.ShouldNotContain("WEB-3");
    }

    [Fact]
    public async Task A_mailbox_that_does_not_exist_is_not_tried_again()
    {
        var refused = await Should.ThrowAsync<SmtpException>(() => workshop.Get<MailSender>().SendAsync(new OutgoingMail("1", "gone@example.com", "s", "t"), Ct));
        MailSender.IsHopeless(refused).ShouldBeTrue();
    }

    [Fact]
    public async Task A_subject_cannot_become_a_header()
    {
        await workshop.Get<MailSender>().SendAsync(new OutgoingMail("1", "ann@example.com", "one\r\nBcc: eve@example.com", "text"), Ct);
        var mail = await sink.NextAsync(Ct);
        mail.To.ShouldBe(["ann@example.com"]);
        mail.Raw.ShouldNotContain("\r\nBcc:");
    }

    private async Task<Guid> CreateAsync(string title, string actor, Guid? assignee, DateOnly? due = null)
    {
        var id = Guid.CreateVersion7();
        var created = await workshop.Get<TaskCommands>().CreateAsync(
            Context(actor), new CreateTask(id, project, title) { AssigneeId = assignee, DueOn = due }, _ => throw new InvalidOperationException(), Ct);
        created.ShouldBeOfType<CommandResult<TaskState>.Done>();
        return id;
    }

    private async Task ChangeAsync(Guid task, string actor, TaskCommand command) =>
        (await workshop.Get<TaskCommands>().ChangeAsync(Context(actor), task, command, _ => throw new InvalidOperationException(), Ct)).ShouldBeOfType<CommandResult<TaskState>.Done>();

    private CommandContext Context(string actor) => new(workspace.Tenant, actor);

    private Task<Guid> SendAsync<T>(T message)
        where T : notnull => workshop.Get<Messaging.Sending.MessageBus>().EnqueueAsync(workspace.Tenant, message, null, Ct);

    private long followed;

    /// <summary>What the follower does with the events that came since.</summary>
    private async Task FollowAsync()
    {
        var follower = ActivatorUtilities.CreateInstance<NotificationFollower>(workshop.Services);
        if (followed == 0)
            await follower.BeginAsync(Ct);
        var events = await workshop.Events.ReadAllAsync(followed, EventFilter.All, Ct).ToListAsync(Ct);
        (await follower.TakeAsync(events, followed, events[^1].Position, Ct)).ShouldBeTrue();
        // Another process with the same page finds it taken.
        (await follower.TakeAsync(events, followed, events[^1].Position, Ct)).ShouldBeFalse();
        followed = events[^1].Position;
    }
}
