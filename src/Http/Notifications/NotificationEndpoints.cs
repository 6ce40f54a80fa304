using Events.Commands.Permissions;
using Events.Http.Answers;
using Events.Http.Auth;
using Events.Http.Bodies;
using Events.Http.Describing;
using Events.Http.Lists;
using Events.Http.Problems;
using Events.Workers.Notifications;

namespace Events.Http.Notifications;

public sealed class PreferencesBody
{
    public bool Assigned { get; set; } = NotificationPreferences.Default.Assigned;

    public bool Mentioned { get; set; } = NotificationPreferences.Default.Mentioned;

    public bool Due { get; set; } = NotificationPreferences.Default.Due;

    public bool Digest { get; set; } = NotificationPreferences.Default.Digest;

    public static BodyShape<PreferencesBody> Shape { get; } = new BodyShape<PreferencesBody> { Example = """{"assigned":true,"mentioned":true,"due":true,"digest":false}""" }
        .Flag("assigned", (p, v) => p.Assigned = v)
        .Flag("mentioned", (p, v) => p.Mentioned = v)
        .Flag("due", (p, v) => p.Due = v)
        .Flag("digest", (p, v) => p.Digest = v);
}

/// <summary>What one is written to about, in this workspace.</summary>
public sealed class NotificationHandlers(PreferenceTable preferences)
{
    public async Task GetAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        await WriteAsync(http, await preferences.FindAsync(caller.Tenant, caller.PersonId, http.RequestAborted));
    }

    public async Task PutAsync(HttpContext http)
    {
        var caller = http.Features.Get<Caller>()!;
        var (body, problem) = await RequestBody.ReadAsync(http);
        using (body)
        {
            var wanted = problem is null ? body!.Bind(PreferencesBody.Shape, out problem) : null;
            if (problem is not null)
            {
                await http.Response.WriteAsync(problem);
                return;
            }
            var chosen = new NotificationPreferences(wanted!.Assigned, wanted.Mentioned, wanted.Due, wanted.Digest);
            await preferences.SaveAsync(caller.Tenant, caller.PersonId, chosen, http.RequestAborted);
            await WriteAsync(http, chosen);
        }
    }

    private static async Task WriteAsync(HttpContext http, NotificationPreferences chosen)
    {
        var body = JsonBytes.Render(chosen, static (json, p) =>
        {
            json.WriteStartObject();
            json.WriteBoolean("assigned"u8, p.Assigned);
            json.WriteBoolean("mentioned"u8, p.Mentioned);
            json.WriteBoolean("due"u8, p.Due);
            json.WriteBoolean("digest"u8, p.Digest);
            json.WriteEndObject();
        });
        await http.WriteDocumentAsync(body, ContentHash.TagOf(body));
    }
}

public static class NotificationEndpoints
{
    private const string Tag = "Notifications";
    private const string Example = """{"assigned":true,"mentioned":true,"due":true,"digest":false}""";

    public static void MapNotifications(this IEndpointRouteBuilder api)
    {
        var notifications = api.ServiceProvider.GetRequiredService<NotificationHandlers>();
        api.MapGet("/me/notifications", notifications.GetAsync).RequirePermission(Permission.NotificationsRead).Describe(new("getNotifications", Tag, "What one is written to about")
        {
            Example = Example,
        });
        api.MapPut("/me/notifications", notifications.PutAsync).RequirePermission(Permission.NotificationsWrite).Describe(new("setNotifications", Tag, "Choose what one is written to about")
        {
            Description = "What is left out gets its default.",
            Body = PreferencesBody.Shape,
            Example = Example,
        });
    }
}
