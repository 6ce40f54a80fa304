using Events.Commands.Access;
using Events.Commands.Audit;
using Events.Commands.Mail;
using Events.Commands.People;
using Events.Commands.Secrets;
using Events.Commands.Workspaces;
using Events.EventStore;
using Events.Messaging;
using Events.Platform.Migrations;
using Events.Platform.Startup;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Events.Commands;

public static class IdentityServices
{
    /// <summary>People, workspaces, sessions and tokens, and what permission checks read.</summary>
    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        services.AddOptions<IdentityOptions>().BindConfiguration(IdentityOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(LoadMasterKey);
        services.AddSingleton<MasterKeyCheck>();
        services.AddSingleton<SubjectKeys>();
        services.AddSingleton<IdentifierIndex>();
        services.AddSingleton<PasswordHasher>();

        services.AddMigrations(typeof(IdentityServices).Assembly);
        services.AddEventStore(IdentityEventRegister.AddTo);
        services.AddEventStore(Placeholders.AddTo);
        services.AddAggregate(IdentityAggregates.Person);
        services.AddAggregate(IdentityAggregates.Identifier);
        services.AddAggregate(IdentityAggregates.Session);
        services.AddAggregate(IdentityAggregates.Workspace);

        services.AddSingleton<AccessDirectory>();
        services.AddSingleton<WorkspacePeople>();
        services.AddHostedService<AccessFollower>();
        services.AddSingleton<AuditLog>();
        services.AddSingleton<Placeholders>();

        services.AddSingleton<Passwords>();
        services.AddSingleton<MailTokens>();
        services.AddSingleton<Mailing>();
        services.AddSingleton<SessionSecrets>();
        services.AddSingleton<ApiTokenSecrets>();
        services.AddSingleton<SessionCommands>();
        services.AddSingleton<WorkspaceCommands>();
        services.AddSingleton(provider => new PersonCommands(
            Get<AggregateLoader<PersonState>>(provider), Get<AggregateLoader<IdentifierState>>(provider), Get<EventAppender>(provider),
            Get<EventReader>(provider), Get<AccessDirectory>(provider), Get<Passwords>(provider), Get<SubjectKeys>(provider), Get<IdentifierIndex>(provider)));
        services.AddSingleton(provider => new SignIns(
            Get<PersonCommands>(provider), Get<SessionCommands>(provider), Get<Passwords>(provider), Get<PasswordHasher>(provider), Get<AccessDirectory>(provider)));
        services.AddSingleton(provider => new SignUps(
            Get<PersonCommands>(provider), Get<SubjectKeys>(provider), Get<PasswordHasher>(provider), Get<MailTokens>(provider), Get<Mailing>(provider),
            Get<IOptions<IdentityOptions>>(provider), Get<TimeProvider>(provider)));
        services.AddSingleton(provider => new PasswordResets(
            Get<PersonCommands>(provider), Get<PasswordHasher>(provider), Get<MailTokens>(provider), Get<Mailing>(provider)));
        services.AddSingleton(provider => new Invitations(
            Get<WorkspaceCommands>(provider), Get<PersonCommands>(provider), Get<AccessDirectory>(provider), Get<SubjectKeys>(provider),
            Get<IdentifierIndex>(provider), Get<MailTokens>(provider), Get<Mailing>(provider), Get<TimeProvider>(provider)));
        services.AddSingleton(provider => new PersonErasure(
            Get<PersonCommands>(provider), Get<WorkspaceCommands>(provider), Get<AccessDirectory>(provider), Get<SubjectKeys>(provider),
            Get<AuditLog>(provider), Get<NpgsqlDataSource>(provider)));
        services.AddSingleton(provider => new Founding(
            Get<PersonCommands>(provider), Get<WorkspaceCommands>(provider), Get<PasswordHasher>(provider), Get<TimeProvider>(provider)));
        services.AddSingleton<IdentitySweep>();
        services.AddSingleton(provider => new FinishErasureHandler(Get<PersonErasure>(provider)));
        services.AddMessaging(messages => messages
            .Handle<FinishErasure, FinishErasureHandler>(FinishErasure.MessageType, json: IdentityMessageJson.Default.FinishErasure)
            .Handle<SweepIdentity, SweepIdentityHandler>(SweepIdentity.MessageType, isJob: true, json: IdentityMessageJson.Default.SweepIdentity)
            .Schedule("sweep-identity", "41 3 * * *", new SweepIdentity()));
        return services;
    }

    private static MasterKey LoadMasterKey(IServiceProvider provider)
    {
        var directory = Get<IConfiguration>(provider)["Events:DataDirectory"] ?? ".events";
        try
        {
            return MasterKey.Load(Get<IOptions<IdentityOptions>>(provider).Value.MasterKey, Path.Combine(directory, "keys", "master.key"));
        }
        catch (InvalidOperationException error)
        {
            throw new CannotStartException(error.Message, error);
        }
    }

    private static T Get<T>(IServiceProvider provider)
        where T : notnull => provider.GetRequiredService<T>();
}
