using System.Net.Mail;
using System.Text;
using Events.Commands.Access;
using Events.Commands.Reservations;
using Events.Commands.Secrets;
using Events.Commands.Tasks;
using Events.EventStore;
using Events.Messaging.Handlers;
using Events.Messaging.Retrying;
using Events.Messaging.Sending;
using Events.Platform.Tenancy;
using Events.Workers.Mail;

namespace Events.Workers.Notifications;

/// <summary>Who somebody is to a mail: only members are written to, and only while they are members.</summary>
internal sealed class Recipients(AccessDirectory directory, SubjectKeys keys)
{
    /// <summary>Null: a placeholder, somebody who has left, or who was erased.</summary>
    public async Task<string?> AddressAsync(TenantId tenant, Guid person, CancellationToken ct)
    {
        if ((await directory.WorkspaceAsync(tenant, ct)).RoleOf(person) is null)
            return null;
        return await keys.OpenAsync((await directory.PersonAsync(person, ct)).Email, ct);
    }

    public async Task<string> NameAsync(string? actor, CancellationToken ct) =>
        Guid.TryParse(actor, out var person) && await keys.OpenAsync((await directory.PersonAsync(person, ct)).Name, ct) is { } name ? name : "Somebody";
}

internal sealed class NotifyPersonHandler(Recipients recipients, PreferenceTable preferences, AggregateLoader<TaskState> tasks, MailSender mail)
    : IMessageHandler<NotifyPerson>
{
    public async Task Handle(NotifyPerson message, MessageContext context, CancellationToken ct)
    {
        var wanted = await preferences.FindAsync(context.Tenant, message.PersonId, ct);
        if (!(message.Kind switch { NotificationKind.Assigned => wanted.Assigned, NotificationKind.Mentioned => wanted.Mentioned, _ => wanted.Due }))
            return;
        var (task, version) = await tasks.LoadAsync(context.Tenant, message.TaskId, ct);
        if (version == 0 || task.IsDeleted || await recipients.AddressAsync(context.Tenant, message.PersonId, ct) is not { } to)
            return;
        var who = message.By is null ? null : await recipients.NameAsync(message.By, ct);
        var (subject, text) = message.Kind switch
        {
            NotificationKind.Assigned => ($"{task.Key} is yours: {task.Title}", $"{who} assigned {task.Key} to you."),
            NotificationKind.Mentioned => ($"{who} mentions you in {task.Key}: {task.Title}", $"{who} mentioned you in {task.Key}."),
            _ => ($"{task.Key} is due {task.DueOn:yyyy-MM-dd}: {task.Title}", $"{task.Key} is due on {task.DueOn:yyyy-MM-dd}."),
        };
        await DeliverAsync(mail, new OutgoingMail(context.IdempotencyKey, to, subject, $"{text}\n\n{task.Title}\n"), ct);
    }

    internal static async Task DeliverAsync(MailSender mail, OutgoingMail outgoing, CancellationToken ct)
    {
        try
        {
            await mail.SendAsync(outgoing, ct);
        }
        catch (SmtpException refused) when (MailSender.IsHopeless(refused))
        {
            throw new PermanentFailureException($"The mail server refused the mail: {refused.StatusCode}.");
        }
    }
}

internal sealed class SendDigestHandler(Recipients recipients, Reminders reminders, AggregateLoader<TaskState> tasks, MailSender mail, TimeProvider time)
    : IMessageHandler<SendDigest>
{
    private const int MaxTasks = 50;

    public async Task Handle(SendDigest message, MessageContext context, CancellationToken ct)
    {
        var open = await reminders.OfPersonAsync(context.Tenant, message.PersonId, MaxTasks, ct);
        if (open.Count == 0 || await recipients.AddressAsync(context.Tenant, message.PersonId, ct) is not { } to)
            return;
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var text = new StringBuilder();
        foreach (var (id, due) in open)
        {
            var (task, _) = await tasks.LoadAsync(context.Tenant, id, ct);
            var when = due is null ? "" : due < today ? $"  (was due {due:yyyy-MM-dd})" : $"  (due {due:yyyy-MM-dd})";
            text.Append($"{task.Key,-12} {task.Title}{when}\n");
        }
        var late = open.Count(t => t.Due < today);
        var subject = $"{open.Count}{(open.Count == MaxTasks ? "+" : "")} open tasks{(late > 0 ? $", {late} late" : "")}";
        await NotifyPersonHandler.DeliverAsync(mail, new OutgoingMail(context.IdempotencyKey, to, subject, text.ToString()), ct);
    }
}

internal sealed class RemindOfDueHandler(MessageBus bus, TimeProvider time) : IMessageHandler<RemindOfDue>
{
    public async Task Handle(RemindOfDue message, MessageContext context, CancellationToken ct)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var transaction = await context.BeginEffectsAsync(ct);
        var sent = 0;
        while (await Reminders.TakeDueAsync(today, transaction, ct) is { Count: > 0 } due)
        {
            await MessageBus.EnqueueAsync(
                transaction.Connection!,
                [.. due.Select(d => bus.Create(d.Tenant, new NotifyPerson(d.Person, NotificationKind.Due, d.Task, null), null))],
                ct);
            sent += due.Count;
        }
        context.SetResult(new { sent });
    }
}

internal sealed class SendDigestsHandler(PreferenceTable preferences, MessageBus bus, TimeProvider time) : IMessageHandler<SendDigests>
{
    public async Task Handle(SendDigests message, MessageContext context, CancellationToken ct)
    {
        var day = time.GetUtcNow().ToString("yyyy-MM-dd");
        var (after, sent) = (("", Guid.Empty), 0);
        while (await preferences.DigestsAsync(after, ct) is { Count: > 0 } page)
        {
            // The id follows from the day: a second run of the schedule's message writes to nobody twice.
            await bus.EnqueueAsync(
                [.. page.Select(p => bus.Create(p.Tenant, new SendDigest(p.Person), new MessageOptions { Id = ReservedName.StreamOf($"digest:{day}:{p.Tenant.Value}:{p.Person:n}") }))],
                ct);
            after = (page[^1].Tenant.Value, page[^1].Person);
            sent += page.Count;
        }
        context.SetResult(new { sent });
    }
}
