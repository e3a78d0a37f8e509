-- Tasks from a trigger: a new order is invoiced, in the transaction of the row. What is rolled back was never enqueued.
create table orders (id bigint generated always as identity primary key, email text not null, paid boolean not null default false);

-- "security definer": whoever may insert an order needs no right to enqueue. The owner of the function does (agentcorp_enqueuer).
create function invoice_order() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform agentcorp.enqueue('send_invoice', jsonb_build_object('order_id', new.id, 'email', new.email), unique_key => 'invoice:' || new.id);
    return null;
end $$;
create trigger invoice_order after insert on orders for each row execute function invoice_order();

insert into orders (email) values ('ada@example.com');
begin;
insert into orders (email) values ('nobody@example.com');
rollback;
